/** What of an app would not work on Cloudflare Workers, found in its declaration, its settings and its bundle. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import type { App } from '../../../src/declare/app.ts';
import { appNeeds } from '../../../src/hosts/platforms/app-needs.ts';
import { checkWorkerBundle, type WorkerBundle } from '../../../src/hosts/platforms/cloudflare-bundle.ts';
import {
  checkWorkerFeeds,
  checkWorkerSettings,
  type WorkerSettings,
} from '../../../src/hosts/platforms/cloudflare-checks.ts';
import {
  queueNamesOf,
  rateNamespaceOf,
  workerNameExpected,
  workerNameOf,
} from '../../../src/hosts/platforms/cloudflare-names.ts';
import { checkWorkerVariables, workerSecrets } from '../../../src/hosts/platforms/cloudflare-variables.ts';
import { defineApp, http, mqtt, secret, stream, task } from '../../../src/index.ts';

const schema = z.object({ value: z.number() });
const made = (parts: object): App => defineApp({ name: 'shop', version: '1.0.0', description: 'A shop', ...parts });
const pushed = made({
  streams: { prices: stream({ description: 'Prices.', schema, push: { token: secret('PUSH_TOKEN') } }) },
});
const tasked = made({
  tasks: { bake: task({ description: 'Bakes.', version: '1', input: z.object({}), run: async () => 'x' }) },
});

const RIGHT: WorkerSettings = {
  name: 'shop',
  hasEntry: true,
  date: '2026-10-01',
  flags: ['nodejs_compat'],
  crons: ['* * * * *'],
  variables: {},
  producers: [{ binding: 'TASKS', queue: 'shop-tasks' }],
  consumers: [{ queue: 'shop-tasks', dead_letter_queue: 'shop-tasks-dead' }],
  rates: ['RATE_LIMIT'],
  aliases: ['@modelcontextprotocol/server/_shims'],
  keepsNames: false,
  storedSecrets: [],
};
const TODAY = '2026-11-30';

const errorsOf = (found: readonly { level: string; field: string }[]) =>
  found.filter(({ level }) => level === 'error').map(({ field }) => field);

test('right settings have nothing to be said of', () => {
  expect(checkWorkerSettings(appNeeds(tasked), RIGHT, true, TODAY)).toEqual([]);
});

test.each<[string, Partial<WorkerSettings>, string[]]>([
  ['a name that is no host name', { name: 'Shop_1' }, ['name']],
  [
    'a name that is too long for its queues',
    { name: 'a'.repeat(53) },
    ['name', 'queues.producers', 'queues.consumers'].slice(0, 1),
  ],
  ['an entry that is not there', { hasEntry: false }, ['main']],
  ['no date', { date: null }, ['compatibility_date']],
  ['a date before Node’s modules', { date: '2024-01-01' }, ['compatibility_date']],
  ['a date to come', { date: '2027-01-01' }, ['compatibility_date']],
  ['crons that an earlier deployment left', { crons: null }, ['triggers.crons']],
  ['crons that are taken away', { crons: [] }, ['triggers.crons']],
  ['a cron once an hour', { crons: ['0 * * * *'] }, ['triggers.crons']],
  ['no queue', { producers: [], consumers: [] }, ['queues.producers', 'queues.consumers']],
  ['a queue that nobody reads', { consumers: [] }, ['queues.consumers']],
  [
    'a queue of another name',
    { producers: [{ binding: 'QUEUE', queue: 'shop-tasks' }] },
    ['queues.producers', 'queues.producers'],
  ],
  ['a secret of a Secrets Store', { storedSecrets: ['API_KEY'] }, ['API_KEY']],
])('%s is an error with its fix', (_what, changes, fields) => {
  const found = checkWorkerSettings(appNeeds(tasked), { ...RIGHT, ...changes }, true, TODAY);
  expect(errorsOf(found)).toEqual(fields);
  for (const { fix } of found) expect(fix.length).toBeGreaterThan(5);
});

test('what only costs something is advice: no bound on rates, no alias, names, many crons, no dead letters', () => {
  const poor = {
    rates: [],
    aliases: [],
    keepsNames: true,
    crons: ['* * * * *', '1 * * * *', '2 * * * *', '3 * * * *', '4 * * * *', '5 * * * *'],
  };
  const found = checkWorkerSettings(
    appNeeds(tasked),
    { ...RIGHT, ...poor, consumers: [{ queue: 'shop-tasks' }] },
    true,
    TODAY,
  );
  expect(found.map(({ level, field }) => [level, field])).toEqual([
    ['advice', 'triggers.crons'],
    ['advice', 'queues.consumers'],
    ['advice', 'ratelimits'],
    ['advice', 'alias'],
    ['advice', 'keep_names'],
  ]);
});

test('who wants no queue is not asked for one, and an app without work needs neither queue nor cron', () => {
  const bare = { ...RIGHT, producers: [], consumers: [] };
  expect(checkWorkerSettings(appNeeds(tasked), bare, false, TODAY)).toEqual([]);
  expect(checkWorkerSettings(appNeeds(made({})), { ...bare, crons: null }, true, TODAY)).toEqual([]);
});

test.each(['sqs', 'kinesis', 'iot', 'eventbridge'])('a feed of %s has nothing that hands it records', (kind) => {
  const sources = [{ feed: 'orders', kind, source: kind }];
  expect(errorsOf(checkWorkerFeeds({ ...appNeeds(tasked), sources }))).toEqual(['feeds.orders']);
});

test('MQTT needs the flag, and feeds from where no Worker reaches are told', () => {
  const plant = made({
    streams: {
      a: stream({ description: 'A.', schema, feed: mqtt({ url: 'mqtt://192.168.1.4', topic: 'a', clientId: 'shop' }) }),
    },
  });
  expect(errorsOf(checkWorkerSettings(appNeeds(plant), { ...RIGHT, flags: [] }, true, TODAY))).toEqual([
    'compatibility_flags',
  ]);
  const at = (source: string) =>
    errorsOf(checkWorkerFeeds({ ...appNeeds(plant), sources: [{ feed: 'a', kind: 'mqtt', source }], losing: [] }));
  for (const source of [
    'mqtt://192.168.1.4',
    'mqtt://localhost',
    'wss://[fd00::1]',
    'mqtt://[::1]:1883',
    'https://nas.local/x',
    'mqtt://a.example:25',
  ]) {
    expect([source, at(source)]).toEqual([source, ['feeds.a']]);
  }
  for (const source of ['mqtt://broker.example', 'https://93.184.216.34/x', 'http, at the URL in QUAKES_URL'])
    expect(at(source)).toEqual([]);
  expect(checkWorkerFeeds(appNeeds(plant)).map(({ field }) => field)).toContain('feeds.a');
});

const found = (app: App, variables: Record<string, unknown>, secrets: Record<string, string | null> = {}) =>
  checkWorkerVariables({ app, needs: appNeeds(app), variables, secrets: new Map(Object.entries(secrets)) });

test.each<[string, Record<string, unknown>, Record<string, string | null>, string[]]>([
  ['nobody said who may call', {}, {}, ['AUTH']],
  ['everyone may call, said out loud', { AUTH: 'none' }, {}, []],
  ['keys', { AUTH: 'keys' }, {}, []],
  ['one key that is put as a secret', {}, { TIDEGATE_KEY: null }, []],
  ['one key that is too short', {}, { TIDEGATE_KEY: 'short' }, ['TIDEGATE_KEY']],
  ['a way that does not exist', { AUTH: 'kyes' }, {}, ['AUTH']],
  ['an issuer without the Worker’s URL', { AUTH: 'oauth' }, {}, ['OAUTH_ISSUER']],
  ['a number', { AUTH: 'keys', FEED_REQUESTS_PER_DAY: 100 }, {}, ['FEED_REQUESTS_PER_DAY']],
  ['a secret in the open', { AUTH: 'keys', PUSH_TOKEN: 'open' }, {}, ['PUSH_TOKEN']],
  [
    'our own secrets in the open',
    { UPSTASH_REDIS_REST_TOKEN: 'a', TIDEGATE_KEY: 'b', METRICS_TOKEN: 'c' },
    {},
    ['UPSTASH_REDIS_REST_TOKEN', 'TIDEGATE_KEY', 'METRICS_TOKEN'],
  ],
  ['a store in memory', { AUTH: 'keys', STORE: 'memory' }, {}, ['STORE']],
  ['a store in a file', { AUTH: 'keys', STORE: 'sqlite' }, {}, ['STORE']],
  ['DynamoDB without a table', { AUTH: 'keys', STORE: 'dynamodb' }, {}, ['DYNAMODB_TABLE']],
  ['a driver of one’s own', { AUTH: 'keys', STORE: 'toy' }, {}, []],
  ['a token of the app that is too short', { AUTH: 'keys' }, { PUSH_TOKEN: 'short' }, ['PUSH_TOKEN']],
  [
    'a URL of Redis that is none',
    { AUTH: 'keys' },
    { UPSTASH_REDIS_REST_URL: 'redis://x' },
    ['UPSTASH_REDIS_REST_URL'],
  ],
])('variables: %s', (_what, variables, secrets, fields) => {
  expect(errorsOf(found(pushed, variables, secrets))).toEqual(fields);
});

test('a variable that was probably meant to be another is told', () => {
  expect(found(pushed, { AUTH: 'keys', PUBLIC_ULR: 'https://a.example' })).toMatchObject([
    { level: 'advice', field: 'PUBLIC_ULR', fix: expect.stringContaining('PUBLIC_URL') },
  ]);
});

test('the secrets are those of the app, of its store and ours, each once', () => {
  const optional = made({
    streams: {
      a: stream({ description: 'A.', schema, push: { token: secret('PUSH_TOKEN') } }),
      b: stream({
        description: 'B.',
        schema,
        feed: http({
          url: 'https://a.example',
          headers: { A: secret('PUSH_TOKEN'), B: secret('MAYBE', null, { optional: true }) },
        }),
      }),
    },
  });
  const needs = appNeeds(optional);
  expect(
    workerSecrets(needs, { UPSTASH_REDIS_REST_URL: 'https://a.example' }).map(({ name, need }) => `${name} ${need}`),
  ).toEqual([
    'PUSH_TOKEN needed',
    'MAYBE optional',
    'UPSTASH_REDIS_REST_TOKEN needed',
    'TIDEGATE_SECRET made',
    'TIDEGATE_KEY optional',
    'OAUTH_CLIENT_SECRET optional',
    'METRICS_TOKEN optional',
    'TIDEGATE_SECRET_PREVIOUS optional',
  ]);
  expect(workerSecrets(needs, { STORE: 'dynamodb' }).map(({ name }) => name)).toContain('AWS_SECRET_ACCESS_KEY');
});

const BUNDLE: WorkerBundle = { bytes: 1, gzippedBytes: 1, nodeModules: [], hasDynamodb: false };
const FLAGS = { flags: ['nodejs_compat'], store: 'redis' };

const judged = (bundle: Partial<WorkerBundle>, around = {}) =>
  checkWorkerBundle({ ...BUNDLE, ...bundle }, { ...FLAGS, ...around }).map(({ level, field }) => `${level} ${field}`);

test('a bundle that would be refused, or that would fail when it runs', () => {
  expect(judged({})).toEqual([]);
  expect(judged({ gzippedBytes: 3 * 1_048_576 + 1 })).toEqual(['advice main']);
  expect(judged({ gzippedBytes: 10 * 1_048_576 + 1 })).toEqual(['error main']);
  expect(judged({ nodeModules: [{ name: 'child_process', file: 'app.ts' }] })).toEqual(['error app.ts']);
  expect(judged({ nodeModules: [{ name: 'sqlite', file: '../node_modules/x/index.js' }] })).toEqual([
    'advice ../node_modules/x/index.js',
  ]);
  expect(judged({ nodeModules: [{ name: 'buffer', file: 'app.ts' }] })).toEqual([]);
  expect(judged({ nodeModules: [{ name: 'buffer', file: 'app.ts' }] }, { flags: [] })).toEqual([
    'error compatibility_flags',
  ]);
  expect(judged({}, { store: 'dynamodb' })).toEqual(['error STORE']);
});

test('names: of an app, of its queues, and of the namespace of its rate limit', () => {
  expect([workerNameOf('Plant_7'), workerNameOf('shop')]).toEqual(['plant-7', 'shop']);
  expect(queueNamesOf('shop')).toEqual({ tasks: 'shop-tasks', dead: 'shop-tasks-dead' });
  expect(workerNameExpected('a'.repeat(63), false)).toBeNull();
  expect(workerNameExpected('a'.repeat(64), false)).toContain('63');
  const [one, other] = [rateNamespaceOf('shop'), rateNamespaceOf('shop-staging')];
  expect(one).not.toBe(other);
  for (const id of [one, other]) expect(id).toMatch(/^[1-9]\d{0,9}$/);
});
