/** `tidegate doctor`: what it finds in configuration, store, feeds and callers, that it changes nothing and shows no secret. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import * as z from 'zod';
import { expect, onTestFinished, test } from 'vitest';
import { http, httpTool, mqtt, pull, secret, sqs, stream } from '../../../../src/index.ts';
import { ingest } from '../../../../src/feeds/run/run.ts';
import { doctorCommand } from '../../../../src/hosts/cli/doctor/doctor-command.ts';
import { linesOfResult } from '../../../../src/hosts/cli/doctor/print.ts';
import { runChecks } from '../../../../src/hosts/cli/doctor/run-checks.ts';
import type { Examined } from '../../../../src/hosts/cli/doctor/finding.ts';
import { REQUEST_SECONDS, timeMistakes } from '../../../../src/hosts/platforms/aws-checks.ts';
import { nodeRuntime } from '../../../../src/hosts/node/runtime.ts';
import { openStore, readConfig } from '../../../../src/store/drivers/open.ts';
import { answering, type HttpSource, json, startHttpSource, text, status } from '../../../services/http-feed.ts';
import { temporaryFolder } from '../../child.ts';
import { appOfTest, runDoctor } from './doctor-run.ts';

const schema = z.object({ id: z.string(), celsius: z.number() });
const rooms = (feed: object) =>
  appOfTest({ streams: { rooms: stream({ description: 'Rooms', schema, id: 'id', feed: feed as never }) } });

async function source(): Promise<HttpSource> {
  const started = await startHttpSource();
  onTestFinished(() => started.close());
  return started;
}

function onDisk(): Record<string, string> {
  return { STORE: 'sqlite', SQLITE_PATH: join(temporaryFolder(), 'examined.db') };
}

/** All rows of all tables but the counters and the ids of commits, which are no data of the app. */
function rowsOf(path: string): string {
  const database = new DatabaseSync(path);
  try {
    const tables = database.prepare(`SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name`).all();
    return JSON.stringify(
      tables
        .map(({ name }) => String(name))
        .filter((name) => !/counter|commit|sqlite/.test(name))
        .map((name) => [name, database.prepare(`SELECT * FROM "${name}"`).all()]),
    );
  } finally {
    database.close();
  }
}

test('an app that is well: exit status 0, and not a row of its data is another one', async () => {
  const upstream = await source();
  upstream.on('/rooms', json([1, 2, 3, 4].map((n) => ({ id: `r${n}`, celsius: 20 + n }))));
  const app = rooms(http({ url: `${upstream.origin}/rooms`, allow: [upstream.host] }));
  const variables = onDisk();
  const runtime = nodeRuntime(() => {});
  const store = await openStore(readConfig(variables, 'sqlite'), runtime, app.name);
  await ingest({ app, store, runtime }, Date.now() + 10_000);
  await store.close();
  const before = rowsOf(variables['SQLITE_PATH'] ?? '');
  expect(before).toContain('r4');
  const asked = upstream.requests.length;

  const run = await runDoctor(app, variables);

  expect(run.all('fail')).toEqual([]);
  expect(run.status).toBe(0);
  expect(rowsOf(variables['SQLITE_PATH'] ?? '')).toBe(before);
  expect(upstream.requests.length).toBe(asked + 1);
  expect(run.of('feed rooms')[0]).toMatch(
    /^ok 4 of 4 items are events of their stream, in \d+ ms; the newest is \d+ s old$/,
  );
  expect(run.of('store')).toContain('ok a record was put, read, listed and deleted');
  expect(run.of('store latency')).toEqual([
    expect.stringMatching(/^ok 20 reads: p50 [\d.]+ ms, p99 [\d.]+ ms$/),
    expect.stringMatching(/^ok 20 commits: p50 [\d.]+ ms, p99 [\d.]+ ms$/),
  ]);
  expect(run.of('clock')).toEqual([expect.stringContaining(`ok as that of ${upstream.host}`)]);
});

test('a store that is not there yet is not made', async () => {
  const variables = onDisk();
  const run = await runDoctor(appOfTest({}), variables);
  expect(run.status).toBe(0);
  expect(run.of('store')[0]).toContain('the first start makes it');
  expect(existsSync(variables['SQLITE_PATH'] ?? '')).toBe(false);
});

test('a list of which the events have no id is told to come again with each poll, and one reading is not', async () => {
  const upstream = await source();
  upstream.on('/list', text('[{"id":"a","celsius":1},{"id":"b","celsius":2}]'));
  upstream.on('/one', text('{"id":"a","celsius":1}'));
  const streams = Object.fromEntries(
    ['list', 'one'].map((name) => {
      const feed = http({ url: `${upstream.origin}/${name}`, allow: [upstream.host] });
      return [name, stream({ description: 'Rooms', schema, feed })];
    }),
  );
  const run = await runDoctor(appOfTest({ streams }), onDisk());
  const again = 'warn list: each poll appends all that the source lists, also what stands there already';
  expect(run.of('feed list')).toContain(again);
  expect(run.of('feed one').filter((line) => line.startsWith('warn'))).toEqual([]);
});

test('items that are no events of their stream are told with the field, and nothing of the secret that was sent', async () => {
  const upstream = await source();
  // As many servers do, it repeats what it was sent.
  upstream.on('/echo', (request, response) => {
    const body = [
      { id: 'a', celsius: `as hot as ${String(request.headers['x-key'])}` },
      { id: 'b', celsius: 3 },
    ];
    response
      .writeHead(200, { 'content-type': 'application/json', 'x-ratelimit-remaining': '0' })
      .end(JSON.stringify(body));
  });
  const headers = { 'x-key': secret('ROOMS_KEY') };
  const app = rooms(http({ url: `${upstream.origin}/echo`, allow: [upstream.host], headers }));
  const key = 'kk-0123456789-abcdef';
  const run = await runDoctor(app, { ...onDisk(), ROOMS_KEY: key });
  expect(run.of('feed rooms')).toEqual([
    expect.stringContaining('ok 1 of 2 items are events'),
    'warn 1 of 2 items would be dead letters',
    'warn an item for rooms: schema at data.celsius',
    'warn the source says x-ratelimit-remaining: 0',
  ]);
  expect(run.text).toContain('as hot as …');
  expect(run.text).not.toContain(key);
  expect(run.text).not.toContain(encodeURIComponent(key));
});

test.each([
  ['a source that refuses', status(403), '403'],
  ['a source of another form', json({ rooms: 'none' }), 'dead letters'],
  ['a page in place of data', answering(() => '<html>'), ''],
])('%s fails', async (_name, behaviour, said) => {
  const upstream = await source();
  upstream.on('/x', behaviour);
  const run = await runDoctor(rooms(http({ url: `${upstream.origin}/x`, allow: [upstream.host] })), onDisk());
  expect(run.status).toBe(1);
  expect(run.of('feed rooms').join('\n')).toMatch(/^fail/);
  expect(run.of('feed rooms').join('\n')).toContain(said);
});

test('a burst that takes from its source is not begun, and one that never hands over ends in time', async () => {
  let begun = 0;
  const queue = pull({
    acknowledges: true,
    pull: () => {
      begun += 1;
      return Promise.resolve({ items: [] });
    },
  });
  const run = await runDoctor(rooms(queue), onDisk());
  expect(begun).toBe(0);
  expect(run.of('feed rooms')).toEqual([expect.stringMatching(/^skip not tried/)]);
});

test('what is thrown by a check, and what never ends, are findings, and the checks behind go on', async () => {
  const waits: number[] = [];
  const runtime = { ...nodeRuntime(() => {}), sleep: (ms: number) => (waits.push(ms), Promise.resolve()) };
  const examined = { runtime } as unknown as Examined;
  const results = await runChecks(
    examined,
    [
      { name: 'hangs', mostMs: 9_000, run: () => new Promise(() => {}) },
      { name: 'breaks', mostMs: 1_000, run: () => Promise.reject(new Error('no \u001b[31mluck')) },
    ],
    () => {},
  );
  expect(waits[0]).toBe(9_000);
  expect(results.map(({ findings }) => findings)).toEqual([
    [{ status: 'fail', what: 'this did not end within 9 s' }],
    [{ status: 'fail', what: expect.stringMatching(/luck|did not end/) as string }],
  ]);
  const shown = linesOfResult({
    check: 'x',
    ms: 1,
    findings: [{ status: 'fail', what: 'no \u001b[31mluck\nok    forged' }],
  });
  expect(shown).not.toContain('\u001b');
  expect(shown.split('\n')).toEqual(['FAIL  x: no \\u001b[31mluck', '      ok    forged']);
});

test.each<[string, Record<string, string>, string]>([
  ['a misspelt variable', { LOG_LEVLE: 'debug' }, 'LOG_LEVLE'],
  ['PUBLIC_URL with the path', { PUBLIC_URL: 'https://live.example/mcp' }, 'PUBLIC_URL ends with /mcp'],
  ['an unencrypted address', { PUBLIC_URL: 'http://live.example' }, 'unencrypted'],
  ['every page', { ALLOWED_ORIGINS: '*' }, 'every page'],
  [
    'a typed secret',
    { TIDEGATE_SECRET: 'changeme-changeme-changeme-changeme' },
    'TIDEGATE_SECRET was not made at random',
  ],
  ['a secret with a line end', { API_KEY: 'abc123def\n' }, 'API_KEY begins or ends with a space'],
  ['a secret in quotes', { API_KEY: '"abc123def"' }, 'API_KEY stands in quotes'],
  ['a secret that is not set', { API_KEY: '' }, 'API_KEY is not set'],
  ['an open server', { HOST: '0.0.0.0' }, 'nobody is asked who calls'],
  [
    'an issuer that is not there',
    { OAUTH_ISSUER: 'http://127.0.0.1:9', PUBLIC_URL: 'https://live.example' },
    'the issuer',
  ],
  [
    'one secret for two',
    { TIDEGATE_KEY: 'q1w2e3r4t5y6u7i8o9p0a1s2d3f4g5h6', API_KEY: 'q1w2e3r4t5y6u7i8o9p0a1s2d3f4g5h6' },
    'are the same',
  ],
])('%s is found', async (_name, set, said) => {
  const app = rooms(pull({ secrets: { key: secret('API_KEY') }, pull: () => Promise.resolve({ items: [] }) }));
  const variables: Record<string, string> = { ...onDisk(), API_KEY: 'abc123defghi', ...set };
  const run = await runDoctor(app, variables, ['--skip', 'feeds']);
  expect([...run.all('fail'), ...run.all('warn')].join('\n')).toContain(said);
});

test('a memory store fails for others than this machine, and platforms have limits of their own', async () => {
  const many = Object.fromEntries(
    [1, 2, 3, 4, 5, 6].map((n) => [
      `s${n}`,
      stream({
        description: 'a',
        schema,
        feed: pull({ budget: { timeMs: 60_000 }, pull: () => Promise.resolve({ items: [] }) }),
      }),
    ]),
  );
  const app = appOfTest({ streams: many });
  const redis = { UPSTASH_REDIS_REST_URL: 'http://127.0.0.1:9', UPSTASH_REDIS_REST_TOKEN: 'never-shown-token' };
  const run = await runDoctor(app, redis, ['--platform', 'workers', '--skip', 'feeds']);
  expect(run.status).toBe(1);
  expect(run.of('platform').join('\n')).toMatch(/a scheduled call ends after 50 s[\s\S]*630 requests/);
  expect(run.of('store')).toEqual([expect.stringMatching(/^fail/)]);
  expect(run.text).not.toContain('never-shown-token');
  const memory = await runDoctor(appOfTest({}), { STORE: 'memory', HOST: '0.0.0.0', AUTH: 'none' });
  expect(memory.all('fail')).toEqual([expect.stringContaining('STORE is memory')]);
});

test('for people and as JSON the exit status is the same, and a warning alone is none', async () => {
  const upstream = await source();
  upstream.on('/x', status(500));
  const feed = http({ url: `${upstream.origin}/x`, allow: [upstream.host] });
  const printed: string[] = [];
  const call = {
    args: [],
    loadApp: () => Promise.resolve(rooms(feed)),
    environment: onDisk(),
    misused: () => 2,
    print: (line: string) => void printed.push(line),
  };
  expect(await doctorCommand(call)).toBe(1);
  expect((await runDoctor(rooms(feed), onDisk())).status).toBe(1);
  expect(printed.at(-1)).toMatch(/^Something has to be mended: 1 to mend/);
  expect(await doctorCommand({ ...call, args: ['--skip', 'feeds'], environment: { STORE: 'memory' } })).toBe(0);
  expect(printed.join('\n')).toContain('warn  configuration: STORE is memory');
  const envFile = { file: '.env', set: { STORE: 'memory', API_KEY: 'never-shown-0123' } };
  await doctorCommand({ ...call, args: ['--skip', 'feeds'], environment: envFile.set, envFile });
  expect(printed.join('\n')).toContain('ok    configuration: 2 variables are taken from .env: STORE, API_KEY');
  expect(printed.join('\n')).not.toContain('never-shown');
});

test('what a deployment to Workers would refuse of the feeds is said before there is one', async () => {
  const secured = mqtt({ url: 'mqtts://broker.example', clientId: 'c', topic: 't', tls: { ca: 'x', servername: 'b' } });
  const variables = { UPSTASH_REDIS_REST_URL: 'http://127.0.0.1:9', UPSTASH_REDIS_REST_TOKEN: 'never-shown-token' };
  for (const [feed, fields] of [
    [secured, ['tls.ca', 'tls.servername']],
    [sqs(), ['handed its records']],
    [http({ url: 'http://192.168.0.5/x', allow: ['192.168.0.5'] }), ['private address']],
  ] as const) {
    const run = await runDoctor(rooms(feed), variables, ['--platform', 'workers', '--skip', 'feeds,store']);
    for (const field of fields) expect(run.of('platform').join('\n')).toMatch(new RegExp(`fail feeds\\..*${field}`));
    expect(run.status).toBe(1);
  }
  const onNode = await runDoctor(rooms(secured), onDisk(), ['--skip', 'feeds']);
  expect(onNode.of('platform').join('\n')).not.toContain('fail');
});

test('a tool that may wait longer than a request of Lambda is told as its deployment refuses it', async () => {
  const slow = httpTool({ description: 'Slow', url: 'https://api.example/slow', timeoutMs: 60_000 });
  const app = appOfTest({ tools: { slow } });
  const told = (await runDoctor(app, onDisk(), ['--platform', 'lambda'])).of('platform').join('\n');
  const [refused] = timeMistakes(app, REQUEST_SECONDS);
  expect(refused?.field).toBe('tools.slow.timeoutMs');
  expect(told).toContain(`warn ${refused?.field}: expected ${refused?.expected}`);
  expect((await runDoctor(app, onDisk())).of('platform').join('\n')).not.toContain('slow');
});

test('a feed that event sources fill is not tried', async () => {
  const run = await runDoctor(rooms(sqs()), onDisk(), ['--platform', 'lambda']);
  expect(run.of('feed rooms')).toEqual([expect.stringMatching(/^skip not tried: a queue of SQS hands over/)]);
});

test('a wrong call is status 2', async () => {
  for (const args of [['--platform', 'vercel'], ['--skip', 'fedes'], ['more'], ['--jsn']]) {
    expect((await runDoctor(appOfTest({}), {}, args)).status).toBe(2);
  }
});
