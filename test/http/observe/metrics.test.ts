/** `/metrics`: that parsers take it, what it counts, that no caller makes series, who may read it, and that no scrape piles up. */
import { expect, test } from 'vitest';
import { createDurations, DURATION_BOUNDS } from '../../../src/http/observe/counted.ts';
import { expose, formatFor } from '../../../src/http/observe/exposition.ts';
import { pathLabel } from '../../../src/http/observe/seen-requests.ts';
import { TidegateError } from '../../../src/base/errors.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { countCalls } from '../../../src/store/counting.ts';
import type { Principal } from '../../../src/base/principal.ts';
import { observedHost, type ObservedHost } from './observed-host.ts';
import { parseMetrics } from './prometheus-parser.ts';

async function scraped(host: ObservedHost, headers: Record<string, string> = {}) {
  const response = await host.get('/metrics', headers);
  const text = await response.text();
  expect(response.status, text).toBe(200);
  const format = response.headers.get('content-type')?.startsWith('application/openmetrics') ? 'openmetrics' : 'text';
  const families = parseMetrics(text, format);
  const value = (name: string, labels: Record<string, string> = {}) =>
    [...families.values()]
      .flatMap(({ samples }) => samples)
      .find((one) => one.name === name && Object.entries(labels).every(([key, text]) => one.labels[key] === text))
      ?.value;
  return { text, families, value, format };
}

const admin = (scopes: string[], tenant = 'public'): Principal => ({ tenant, subject: 's', client: null, scopes });

test('both formats are taken by a strict parser, with feeds, calls, requests and tools', async () => {
  const rooms = [
    { room: 'attic', celsius: 30 },
    { room: 'cellar', celsius: 'cold' },
  ];
  const host = observedHost({ pulled: () => Promise.resolve({ items: rooms }) });
  await host.host.scheduled(host.clock.now + 20_000);
  await host.tool('hot');
  await host.tool('read_latest');
  const { value, families, format } = await scraped(host);
  expect(format).toBe('text');
  expect(value('tidegate_feed_events_total', { feed: 'rooms' })).toBe(1);
  expect(value('tidegate_feed_rejected_total', { feed: 'rooms' })).toBe(1);
  expect(value('tidegate_feed_dead_letters_total', { feed: 'rooms' })).toBe(1);
  expect(value('tidegate_feed_state', { feed: 'rooms', state: 'ok' })).toBe(1);
  expect(value('tidegate_feed_breaker_open', { feed: 'rooms' })).toBe(0);
  expect(value('tidegate_tasks', { state: 'due' })).toBe(0);
  expect(value('tidegate_deliveries_pending')).toBe(0);
  expect(value('tidegate_store_up')).toBe(1);
  expect(value('tidegate_mcp_requests_total', { method: 'tools/call', tool: 'hot', status: '200' })).toBe(1);
  expect(value('tidegate_mcp_request_duration_seconds_count', { tool: 'hot' })).toBe(1);
  expect(value('tidegate_http_requests_under_way')).toBe(1);
  expect(value('tidegate_store_call_duration_seconds_count', { call: 'commit' })).toBeGreaterThan(1);
  const open = await scraped(host, { accept: 'application/openmetrics-text;version=1.0.0,text/plain;q=0.5' });
  expect(open.format).toBe('openmetrics');
  expect([...open.families.keys()].length).toBe(families.size);
  expect(open.families.has('tidegate_feed_events')).toBe(true);
});

test('no caller makes series: paths, methods, tools and messages that nothing has are one each', async () => {
  const host = observedHost();
  const before = await scraped(host);
  for (let n = 0; n < 200; n += 1) {
    await host.get(`/wp-admin/${n}`);
    await host.get(`/ingest/x${n}`);
    await host.tool(`tool${n}",evil="1"} 1`);
    await host.call({ method: `nothing/${n}` });
  }
  for (const method of ['PROPFIND', 'QUERY']) await host.host.fetch(new Request('http://127.0.0.1/x', { method }));
  const after = await scraped(host);
  expect(after.text).not.toMatch(/wp-admin|evil|nothing\/|x17/);
  const series = ({ families }: typeof after) =>
    [...families.values()].reduce((sum, { samples }) => sum + samples.length, 0);
  expect(series(after) - series(before)).toBeLessThan(120);
  expect(after.value('tidegate_http_requests_total', { route: 'other', method: 'other' })).toBe(2);
});

test('counters only rise, and a clock that is set back adds nothing below 0', async () => {
  const host = observedHost();
  let last = new Map<string, number>();
  for (let round = 0; round < 5; round += 1) {
    host.clock.now += round === 3 ? -3_600_000 : 20_000;
    await host.tool('hot');
    const { families } = await scraped(host);
    const counters = new Map<string, number>();
    for (const { type, samples } of families.values()) {
      if (type === 'gauge') continue;
      for (const { name, labels, value } of samples) counters.set(name + JSON.stringify(labels), value);
    }
    for (const [key, value] of last) expect(counters.get(key), key).toBeGreaterThanOrEqual(value);
    last = counters;
  }
});

test('buckets hold what is not above their bound; odd times count as none', () => {
  const durations = createDurations({ name: 'd_seconds', help: 'h', labels: ['a'] });
  for (const ms of [1, 1.0001, 30_000, 30_001, Number.NaN, Number.POSITIVE_INFINITY, -5]) durations.observe(ms, 'x');
  const text = expose([durations.family()], 'text');
  const { samples } = parseMetrics(text, 'text').get('d_seconds') ?? { samples: [] };
  expect(samples.map(({ value }) => value)).toEqual([
    4,
    5,
    ...DURATION_BOUNDS.slice(2, -1).map(() => 5),
    6,
    7,
    expect.closeTo(60.003),
    7,
  ]);
  for (let n = 0; n < 1_000; n += 1) durations.observe(1, `series-${n}`);
  expect(
    parseMetrics(expose([durations.family()], 'openmetrics'), 'openmetrics').get('d_seconds')?.samples.length,
  ).toBe(501 * 17);
});

test('labels and help are escaped, numbers have the forms of the format, and a name that comes twice is a defect', () => {
  const odd = 'a\\b"c\nd\ud800';
  const family = {
    name: 'x_info',
    help: 'one\\two\n"three"',
    type: 'gauge' as const,
    samples: [
      { labels: { odd }, value: Number.NaN },
      { labels: { odd: 'i' }, value: Number.POSITIVE_INFINITY },
      { labels: { odd: 'j' }, value: Number.NEGATIVE_INFINITY },
      { labels: { odd: 'k' }, value: 1e21 },
    ],
  };
  for (const format of ['text', 'openmetrics'] as const) {
    const { samples } = parseMetrics(expose([family], format), format).get('x_info') ?? { samples: [] };
    expect(samples.map(({ value }) => value)).toEqual([Number.NaN, Infinity, -Infinity, 1e21]);
    expect(samples[0]?.labels['odd']).toBe('a\\b"c\nd\ufffd');
  }
  expect(() => expose([family, family], 'text')).toThrow('twice');
  const counter = { ...family, name: 'x_info_total', type: 'counter' as const };
  expect(() => expose([family, counter], 'openmetrics')).toThrow('twice');
});

test.each([
  [null, 'text'],
  ['*/*', 'text'],
  ['application/openmetrics-text', 'openmetrics'],
  ['application/openmetrics-text;q=0', 'text'],
  // As Prometheus 3 asks, which prefers what we do not have.
  [
    'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1',
    'openmetrics',
  ],
  ['text/plain;version=0.0.4;q=0.9, application/openmetrics-text; version=1.0.0; q=0.5', 'text'],
  [
    'application/openmetrics-text;version=1.0.0;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=0.0.4;q=0.4',
    'openmetrics',
  ],
])('Accept %s is answered with %s', (accept, format) => {
  expect(formatFor(accept)).toBe(format);
});

test('routes are those of the server', () => {
  expect(['/mcp/', '/ingest/a', '/streams/a/events', '/.well-known/x', '/ingest/a/b', '//mcp'].map(pathLabel)).toEqual([
    '/mcp',
    '/ingest/:stream',
    '/streams/:stream/events',
    '/.well-known',
    'other',
    'other',
  ]);
});

const status = async (host: ObservedHost, headers = {}) => (await host.get('/metrics', headers)).status;

const callerWith = (scopes: string[], variables = {}, tenant = 'public') =>
  observedHost({ isOpen: false, authenticate: () => admin(scopes, tenant), variables });

test('who may read it: this machine where all is open, METRICS_TOKEN, or the scope admin', async () => {
  const TOKEN = 'metrics-token-of-the-test-0123456789';
  const bearer = { authorization: `Bearer ${TOKEN}` };
  expect(await status(observedHost())).toBe(200);
  expect(await status(observedHost({ host: '0.0.0.0' }))).toBe(403);
  expect(await status(observedHost({ host: null }))).toBe(403);
  const token = observedHost({ host: '0.0.0.0', variables: { METRICS_TOKEN: TOKEN } });
  expect([
    await status(token),
    await status(token, bearer),
    await status(token, { authorization: 'Bearer no' }),
  ]).toEqual([401, 200, 401]);
  expect(await status(callerWith(['streams:read', 'tasks']))).toBe(403);
  expect(await status(callerWith(['admin']))).toBe(200);
  // It tells of all tenants.
  expect(await status(callerWith(['admin'], {}, 'evil'))).toBe(403);
  const ofOneTenant = await callerWith(['admin'], {}, 'evil').get('/metrics');
  expect(await ofOneTenant.text()).toContain('a key or token of the tenant public that has admin:read');
  expect(await status(callerWith(['*']))).toBe(403);
  expect(await status(callerWith(['streams:read'], { METRICS_TOKEN: TOKEN }), bearer)).toBe(200);
  expect((await observedHost({ observing: null }).get('/metrics')).status).toBe(404);
  expect((await observedHost().host.fetch(new Request('http://127.0.0.1/metrics', { method: 'POST' }))).status).toBe(
    405,
  );
});

test('scrapes share what was read for 15 s, and write nothing', async () => {
  const counted = countCalls(createMemoryStore());
  const host = observedHost({ from: counted.store });
  await Promise.all(Array.from({ length: 20 }, () => scraped(host)));
  await scraped(host);
  const calls = counted.calls();
  expect(calls).toEqual({ getMany: 1, due: 4 });
  host.clock.now += 15_001;
  await scraped(host);
  expect(counted.total()).toBe(10);
});

test('a store that breaks or never answers holds no scrape up, and says so', async () => {
  const store = createMemoryStore();
  const broken = { ...store, getMany: () => Promise.reject(new TidegateError('store_unavailable', 'gone')) };
  const host = observedHost({ from: broken });
  const { value } = await scraped(host);
  expect(value('tidegate_store_up')).toBe(0);
  expect(value('tidegate_http_requests_under_way')).toBe(1);
  let begun = 0;
  const silent = { ...store, getMany: () => ((begun += 1), new Promise<never>(() => {})) };
  const waits: number[] = [];
  const late = observedHost({ from: silent, sleep: (ms) => (waits.push(ms), Promise.resolve()) });
  for (let n = 0; n < 10; n += 1) expect((await scraped(late)).value('tidegate_store_up')).toBe(0);
  expect(begun).toBe(1);
  expect(waits).toContain(5_000);
});

test('a host that does not stay up tells what the store has, and counts nothing of its own', async () => {
  const { families } = await scraped(observedHost({ observing: {} }));
  expect(
    [...families.keys()].filter((name) => /^(tidegate_http|tidegate_mcp|tidegate_store_call|process)/.test(name)),
  ).toEqual([]);
  expect(families.has('tidegate_feed_state')).toBe(true);
});
