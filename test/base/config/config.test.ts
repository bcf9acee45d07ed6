import { describe, expect, test } from 'vitest';
import { readEnvironment } from '../../../src/base/config/config.ts';
import { TidegateError } from '../../../src/base/errors.ts';
import { ENVIRONMENTS } from './environments.ts';
import { accessOf, dynamodb } from '../../../src/store/dynamodb/driver.ts';
import { readConfig } from '../../../src/store/drivers/open.ts';
import { sqlite } from '../../../src/store/sqlite/driver.ts';

function mistake(environment: Record<string, string>): TidegateError {
  try {
    readConfig(environment, 'sqlite');
  } catch (error) {
    if (error instanceof TidegateError) return error;
  }
  throw new Error('expected a TidegateError');
}

test('an empty environment gives the defaults', () => {
  expect(readConfig({}, 'sqlite')).toEqual({
    port: 8787,
    host: '127.0.0.1',
    publicUrl: null,
    allowedOrigins: [],
    keepAliveMs: 65_000,
    shutdownMs: 10_000,
    trustedProxies: [],
    bounds: {
      connections: 2_000,
      bodyMs: 30_000,
      bodiesMib: 32,
      workMib: 16,
      waits: 1_000,
      answersMib: 32,
      answerMs: 30_000,
    },
    store: { name: 'sqlite', values: {} },
    mqttUrl: null,
    feedRequestsPerDay: null,
    tasksQueueUrl: null,
    auth: { modes: [], saidNone: false, key: null, oauth: null },
    secrets: null,
    logLevel: 'info',
    demo: true,
    variable: expect.any(Function),
    misspelt: expect.any(Function),
  });
});

test('a host is a name or an address, without protocol and port', () => {
  for (const HOST of ['localhost', '0.0.0.0', '::', '::1', 'fe80::1%eth0', '::ffff:127.0.0.1', 'box.local']) {
    expect(readConfig({ HOST }, 'memory').host).toBe(HOST);
  }
  for (const HOST of ['http://127.0.0.1', '127.0.0.1:8080', '[::1]', 'a b']) {
    expect(mistake({ HOST })).toMatchObject({ field: 'HOST', expected: expect.stringContaining('PORT') });
  }
});

test('a variable beside a known one is named with it, and its value is not', () => {
  const config = readConfig({ STROE: 'memory', PUSH_TOEKN: 'abc', HOME: '/' }, 'sqlite');
  expect(config.misspelt([])).toEqual([{ name: 'STROE', meant: 'STORE' }]);
  expect(config.misspelt(['PUSH_TOKEN'])).toContainEqual({ name: 'PUSH_TOEKN', meant: 'PUSH_TOKEN' });
  const { message } = mistake({ STORE: 'redis', UPSTASH_REDIS_REST_ULR: 'https://db.example.org' });
  expect(message).toContain(
    'UPSTASH_REDIS_REST_ULR is set, and nothing reads it: did you mean UPSTASH_REDIS_REST_URL?',
  );
  expect(message).not.toContain('db.example.org');
  expect(message.match(/ULR/g)).toHaveLength(1);
});

test('where AUTH names oauth and the issuer is misspelt, that is told with it', () => {
  const found = mistake({ AUTH: 'oauth', OAUTH_ISUER: 'https://issuer.example' });
  expect(found).toMatchObject({ field: 'OAUTH_ISSUER', hint: expect.stringContaining('did you mean OAUTH_ISSUER?') });
});

test('where the start fails for a variable that is missing, one that is further away is named too', () => {
  const { message } = mistake({ STORE: 'redis', UPSTASH_REDIS_URL: 'https://db.example.org', REDIS_URL: 'redis://a' });
  expect(message).toContain('UPSTASH_REDIS_URL is set, and nothing reads it: did you mean UPSTASH_REDIS_REST_URL?');
  expect(message).toMatch(/UPSTASH_REDIS_REST_TOKEN: expected to be set, because STORE is redis$/m);
  expect(mistake({ STORE: 'upstash' }).expected).toContain('did you mean redis?');
});

test.each(ENVIRONMENTS)('no variable of %s is taken for one of ours', (_who, names) => {
  const environment = Object.fromEntries(names.map((name) => [name, '1']));
  expect(readConfig(environment, 'sqlite').misspelt(['PUSH_TOKEN', 'API_KEY', 'MQTT_PASSWORD'])).toEqual([]);
});

test('a URL names a host', () => {
  expect(readConfig({ MQTT_URL: 'mqtt://localhost' }, 'memory').mqttUrl).toBe('mqtt://localhost');
  for (const MQTT_URL of ['mqtt://', 'mqtt:localhost', 'localhost:1883', 'http://localhost']) {
    expect(mistake({ MQTT_URL })).toMatchObject({
      field: 'MQTT_URL',
      expected: expect.stringContaining('names a host'),
    });
  }
});

test('a URL that is asked or shown over HTTP has no user and no password, and none of them is shown', () => {
  for (const field of ['PUBLIC_URL', 'UPSTASH_REDIS_REST_URL', 'AWS_ENDPOINT_URL_DYNAMODB']) {
    const found = mistake({ [field]: 'https://user:hunter2@host.example/' });
    expect(found).toMatchObject({ field, expected: expect.stringContaining('without a user or a password') });
    expect(String(found)).not.toContain('hunter2');
  }
  expect(readConfig({ MQTT_URL: 'mqtt://user:word@localhost' }, 'memory').mqttUrl).toContain('user');
});

test("variables of the app's own are read by name, and stand in no copy of the configuration", () => {
  const config = readConfig({ SHOP_KEY: 'abc', EMPTY: '' }, 'memory');
  expect(['SHOP_KEY', 'EMPTY', 'OTHER', 'toString'].map(config.variable)).toEqual(['abc', null, null, null]);
  expect(JSON.stringify(config)).not.toContain('abc');
});

test('origins are read as browsers send them', () => {
  const text = 'HTTPS://UI.example:443/, http://localhost:5173 ,moz-extension://*,*';
  const origins = ['https://ui.example', 'http://localhost:5173', 'moz-extension://*', '*'];
  expect(readConfig({ ALLOWED_ORIGINS: text }, 'memory').allowedOrigins).toEqual(origins);
});

test('two apps in one folder have a sqlite file each, unless one is named', () => {
  expect(sqlite.file?.({}, 'plant')).toBe('.tidegate/plant.db');
  expect(sqlite.file?.({ SQLITE_PATH: 'x.db' }, 'plant')).toBe('x.db');
});

test('an empty variable counts as not set', () => {
  expect(readConfig({ PORT: '', STORE: '' }, 'memory')).toMatchObject({ port: 8787, store: { name: 'memory' } });
});

const secretsOf = (environment: Record<string, string>) => readConfig(environment, 'memory').secrets;

test('secrets are the current one, and the previous one where it was changed', () => {
  const [current, previous] = ['a'.repeat(32), 'b'.repeat(32)] as const;
  expect(secretsOf({ TIDEGATE_SECRET: current })).toEqual({ current, previous: null });
  const both = { TIDEGATE_SECRET: current, TIDEGATE_SECRET_PREVIOUS: previous };
  expect(secretsOf(both)).toEqual({ current, previous });
  expect(mistake({ TIDEGATE_SECRET_PREVIOUS: previous }).field).toBe('TIDEGATE_SECRET');
});

describe('a wrong variable is named, with what was expected', () => {
  test.each([
    ['ALLOWED_ORIGINS', 'pages.example'],
    ['ALLOWED_ORIGINS', 'https://ui.example, https://*.example'],
    ['ALLOWED_ORIGINS', 'https://ui.example/page'],
    ['ALLOWED_ORIGINS', 'null'],
    ['KEEP_ALIVE_SECONDS', '0'],
    ['KEEP_ALIVE_SECONDS', '1.5'],
    ['FEED_REQUESTS_PER_DAY', '0'],
    ['FEED_REQUESTS_PER_DAY', '1e6'],
    ['TASKS_QUEUE_URL', 'tasks'],
    ['TRUSTED_PROXIES', 'proxy.example'],
    ['TRUSTED_PROXIES', '10.0.0.0/33'],
    ['TRUSTED_PROXIES', '10.0.0.300'],
    ['TRUSTED_PROXIES', '10.0.0.0/8/8'],
    ['TRUSTED_PROXIES', 'fd00::/129'],
    ['TRUSTED_PROXIES', '10.0.0.1, *'],
    ['SHUTDOWN_MS', '-1'],
    ['SHUTDOWN_MS', '10s'],
    ['PORT', 'eighty'],
    ['PORT', '70000'],
    ['STORE', 'postgres'],
    ['PUBLIC_URL', 'example.org'],
    ['MQTT_URL', 'http://broker'],
    ['UPSTASH_REDIS_REST_URL', 'redis://127.0.0.1'],
    ['DYNAMODB_TABLE', 'live data'],
    ['AWS_ENDPOINT_URL_DYNAMODB', 'dynamodb.example.org'],
    ['AWS_REGION', 'Frankfurt am Main'],
    ['TIDEGATE_SECRET', 'correct horse'],
    ['TIDEGATE_SECRET_PREVIOUS', 'correct horse'],
    ['LOG_LEVEL', 'loud'],
    ['DEMO', 'maybe'],
  ])('%s=%s', (name, value) => {
    const error = mistake({ [name]: value });
    expect(error.code).toBe('invalid_config');
    expect(error.field).toBe(name);
    expect(error.message).toContain(`${name}: expected`);
    expect(error.message).not.toContain(value);
  });
});

test('all mistakes are told at once', () => {
  const error = mistake({ PORT: 'x', LOG_LEVEL: 'y' });
  expect(error.message).toContain('2 mistake(s)');
  expect(error.message).toContain('PORT');
  expect(error.message).toContain('LOG_LEVEL');
});

test.each([
  [{ STORE: 'redis' }, 'UPSTASH_REDIS_REST_URL'],
  [{ STORE: 'redis', UPSTASH_REDIS_REST_URL: 'https://db.example.org' }, 'UPSTASH_REDIS_REST_TOKEN'],
  [{ STORE: 'dynamodb', AWS_REGION: 'eu-central-1' }, 'DYNAMODB_TABLE'],
])('a store without its variables names the first that is missing: %j', (environment, missing) => {
  expect(mistake(environment).field).toBe(missing);
});

const accessIn = (environment: Record<string, string>) => {
  const { name, values } = readConfig(environment, 'dynamodb').store;
  expect(name).toBe('dynamodb');
  return accessOf(values as Parameters<typeof accessOf>[0]);
};

test('dynamodb: a table is enough where AWS finds the rest by itself; half a pair of keys is refused where it is chosen', () => {
  const bare = { table: 'live-data', endpoint: null, region: null, credentials: null };
  expect(accessIn({ DYNAMODB_TABLE: 'live-data' })).toEqual(bare);
  const half = { DYNAMODB_TABLE: 'live-data', AWS_ACCESS_KEY_ID: 'id' };
  expect(readConfig(half, 'sqlite').store.name).toBe('sqlite');
  expect(() => readConfig(half, 'dynamodb')).toThrow(expect.objectContaining({ field: 'AWS_SECRET_ACCESS_KEY' }));
  const whole = {
    ...half,
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_SESSION_TOKEN: 'session',
    AWS_REGION: 'eu-central-1',
    AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:8000',
  };
  expect(accessIn(whole)).toEqual({
    table: 'live-data',
    endpoint: 'http://127.0.0.1:8000',
    region: 'eu-central-1',
    credentials: { accessKeyId: 'id', secretAccessKey: 'secret', sessionToken: 'session' },
  });
});

test('a store that the host is built without is named with those that it has, and what to do', () => {
  const stores = { drivers: [sqlite, dynamodb], standard: 'sqlite', hint: 'build it with more' };
  expect(() => readEnvironment({ STORE: 'redis' }, stores)).toThrow(
    expect.objectContaining({
      code: 'invalid_config',
      field: 'STORE',
      expected: 'expected one of the stores sqlite, dynamodb',
      hint: 'build it with more',
    }),
  );
});
