import { describe, expect, test } from 'vitest';
import { readConfig, sqliteFile } from '../../src/base/config.ts';
import { TidegateError } from '../../src/base/errors.ts';

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
    store: 'sqlite',
    sqlitePath: null,
    redis: null,
    dynamodb: null,
    mqttUrl: null,
    secrets: null,
    logLevel: 'info',
    demo: true,
    variable: expect.any(Function),
  });
});

test("variables of the app's own are read by name, and stand in no copy of the configuration", () => {
  const config = readConfig({ SHOP_KEY: 'abc', EMPTY: '' }, 'memory');
  expect(['SHOP_KEY', 'EMPTY', 'OTHER', 'toString'].map(config.variable)).toEqual(['abc', null, null, null]);
  expect(JSON.stringify(config)).not.toContain('abc');
});

test('two apps in one folder have a sqlite file each, unless one is named', () => {
  expect(sqliteFile({ sqlitePath: null }, 'plant')).toBe('.tidegate/plant.db');
  expect(sqliteFile({ sqlitePath: 'x.db' }, 'plant')).toBe('x.db');
});

test('an empty variable counts as not set', () => {
  expect(readConfig({ PORT: '', STORE: '' }, 'memory')).toMatchObject({ port: 8787, store: 'memory' });
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

test('dynamodb: a table is enough where AWS finds the rest by itself; half a pair of keys is none', () => {
  const bare = { table: 'live-data', endpoint: null, region: null, credentials: null };
  expect(readConfig({ STORE: 'dynamodb', DYNAMODB_TABLE: 'live-data' }, 'sqlite').dynamodb).toEqual(bare);
  const half = { DYNAMODB_TABLE: 'live-data', AWS_ACCESS_KEY_ID: 'id' };
  expect(readConfig(half, 'sqlite')).toMatchObject({ store: 'sqlite', dynamodb: bare });
  const whole = {
    ...half,
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_SESSION_TOKEN: 'session',
    AWS_REGION: 'eu-central-1',
    AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:8000',
  };
  expect(readConfig(whole, 'sqlite').dynamodb).toEqual({
    table: 'live-data',
    endpoint: 'http://127.0.0.1:8000',
    region: 'eu-central-1',
    credentials: { accessKeyId: 'id', secretAccessKey: 'secret', sessionToken: 'session' },
  });
});
