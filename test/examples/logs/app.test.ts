/** The tools of Grafana's Loki server by name, parameters and effect, against a server that behaves as Loki does. */
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { type LogLine, startLoki, TOKEN } from '../../services/loki.ts';
import { clientOf } from '../client.ts';

const now = Date.UTC(2026, 10, 20, 12);
const MINUTE = 60_000;
const loki = await startLoki(() => now);
process.env['LOKI_URL'] = loki.origin;
process.env['LOKI_TOKEN'] = TOKEN;
process.env['LOKI_MOST_BYTES'] = String(10 * 1024 * 1024);
const { default: app } = await import('./app.ts');
const client = await clientOf(app, { now: () => now, variables: { LOKI_TOKEN: TOKEN } });

const line = (minutesAgo: number, text: string, labels: Record<string, string> = { app: 'web' }): LogLine => ({
  labels,
  at: now - minutesAgo * MINUTE,
  line: text,
});
loki.push(
  'me',
  line(90, 'old'),
  line(30, 'GET /a 500'),
  line(20, 'GET /b 200', { app: 'web', host: 'h2' }),
  line(10, 'GET /c 500'),
  line(5, 'job done', { app: 'jobs' }),
);
loki.push('other', line(1, 'not yours'));

beforeEach(() => {
  loki.requests.length = 0;
  loki.bytes = 1_000;
});
afterAll(async () => {
  await client.close();
  await loki.close();
});

const paths = () => loki.requests.map(({ path }) => path.replace('/loki/api/v1', ''));
const linesOf = (structured: unknown) => (structured as { items: { line: string }[] }).items.map(({ line }) => line);
const iso = (minutesAgo: number) => new Date(now - minutesAgo * MINUTE).toISOString();

test('its tools have the peer’s names and parameters, but for where Loki is and who asks', async () => {
  const common = ['end', 'format', 'org', 'start'];
  expect(await client.parameters()).toEqual({
    loki_query: [...common, 'limit', 'query!'].toSorted(),
    loki_label_names: common,
    loki_label_values: [...common, 'label!'].toSorted(),
  });
});

describe('loki_query', () => {
  const query = '{app="web"}';

  test('finds lines of the last hour, the newest first, over all streams', async () => {
    const { structured, text } = await client.call('loki_query', { query, org: 'me' });
    expect(structured).toEqual({
      items: [
        { time: iso(10), labels: { app: 'web' }, line: 'GET /c 500' },
        { time: iso(20), labels: { app: 'web', host: 'h2' }, line: 'GET /b 200' },
        { time: iso(30), labels: { app: 'web' }, line: 'GET /a 500' },
      ],
      next: null,
    });
    expect(text.split('\n')[1]).toBe(`${iso(20)} {app=web,host=h2} GET /b 200`);
  });

  test.each<[string, object, string[]]>([
    ['a longer time', { start: '-2h' }, ['GET /c 500', 'GET /b 200', 'GET /a 500', 'old']],
    ['a time between two', { start: iso(40), end: '-15m' }, ['GET /b 200', 'GET /a 500']],
    ['fewer lines', { limit: 1 }, ['GET /c 500']],
    ['a filter', { query: '{app="web"} |= "500"' }, ['GET /c 500', 'GET /a 500']],
    ['another tenant', { org: 'other' }, ['not yours']],
  ])('over %s', async (_, args, lines) => {
    const { structured } = await client.call('loki_query', { query, org: 'me', ...args });
    expect(linesOf(structured)).toEqual(lines);
  });

  test('as text and as JSON', async () => {
    const args = { query: '{app="jobs"}', org: 'me' };
    expect((await client.call('loki_query', { ...args, format: 'text' })).text).toBe(`[${iso(5)}] job done`);
    const { text } = await client.call('loki_query', { ...args, format: 'json' });
    expect(JSON.parse(text)).toEqual([{ time: iso(5), labels: { app: 'jobs' }, line: 'job done' }]);
  });

  test('asks Loki’s index first, for the selector alone and the same time', async () => {
    await client.call('loki_query', { query: '{app="web"} |= "{500}"', org: 'me' });
    expect(paths()).toEqual(['/index/stats', '/query_range']);
    const [stats, range] = loki.requests.map((request) => Object.fromEntries(request.query));
    expect(stats).toEqual({ query: '{app="web"}', start: `${now - 60 * MINUTE}000000`, end: `${now}000000` });
    expect(range).toEqual({ ...stats, query: '{app="web"} |= "{500}"', limit: '100' });
    expect(loki.requests.map(({ headers }) => headers['x-scope-orgid'])).toEqual(['me', 'me']);
  });

  test.each([
    ['sum(count_over_time({app="web"} |= "[9d]" [30d]))', 30 * 24 * 60 + 60],
    ['sum(count_over_time({app="web"} # "\n [1d])) # "', 24 * 60 + 60],
    ['sum(rate({app="web"}[1h30m] offset\n1w))', 90 + 7 * 24 * 60 + 60],
  ])('asks it for all that is read, also before the time that is asked for: %s', async (metric, minutes) => {
    await client.call('loki_query', { query: metric, org: 'me' });
    const [stats, range] = loki.requests.map((request) => Object.fromEntries(request.query));
    expect(stats).toMatchObject({
      query: expect.stringContaining('{app="web"}'),
      start: `${now - minutes * MINUTE}000000`,
    });
    expect(range).toMatchObject({ start: `${now - 60 * MINUTE}000000` });
  });

  test('does not ask what would read too much, and says how much it would be', async () => {
    loki.bytes = 10 * 1024 * 1024;
    expect(await client.call('loki_query', { query, org: 'me' })).toMatchObject({ isError: false });
    loki.requests.length = 0;
    loki.bytes += 1024 * 1024;
    expect(await client.call('loki_query', { query, org: 'me' })).toMatchObject({
      isError: true,
      text: 'The query would read about 11.0 MiB of 2 streams, and 10.0 MiB are allowed: name more labels, or a shorter time.',
    });
    expect(paths()).toEqual(['/index/stats']);
  });

  test('does not ask where the index cannot say', async () => {
    loki.bytes = null;
    expect(await client.call('loki_query', { query, org: 'me' })).toMatchObject({
      isError: true,
      text: 'loki answered 404: 404 page not found',
    });
    expect(paths()).toEqual(['/index/stats']);
  });

  test.each([
    ['{}', 'loki answered 400: parse error at line 1'],
    ['no selector', 'expected LogQL with one selector'],
    ['sum(rate({a="b"}[5m])) # "\n / sum(rate({c="d"}[5m])) # "', 'expected LogQL with one selector'],
    ['sum(rate({a="b"}[5m])) / sum(rate({c="d"}[5m]))', 'expected LogQL with one selector'],
  ])('%s is told', async (wrong, told) => {
    const { isError, text } = await client.call('loki_query', { query: wrong, org: 'me' });
    expect([isError, text]).toEqual([true, expect.stringContaining(told)]);
  });

  test('of no tenant, and of a time that is none', async () => {
    expect((await client.call('loki_query', { query })).text).toContain('no org id');
    expect((await client.call('loki_query', { query, start: 'soon' })).text).toContain('expected now, -1h');
    expect((await client.call('loki_query', { query, org: 'a\nb' })).text).toContain('org');
  });
});

describe('labels', () => {
  test('have names', async () => {
    const { structured, text } = await client.call('loki_label_names', { org: 'me' });
    expect([structured, text]).toEqual([{ items: ['app', 'host'], next: null }, 'app\nhost']);
  });

  test('have values, and some have none', async () => {
    const { structured } = await client.call('loki_label_values', { label: 'app', org: 'me', format: 'json' });
    expect(structured).toEqual({ items: ['jobs', 'web'], next: null });
    const none = await client.call('loki_label_values', { label: 'none', org: 'me' });
    expect(none).toMatchObject({ isError: false, structured: { items: [], next: null } });
  });

  test('are never a way to another place', async () => {
    for (const label of ['..', 'a/../../push', 'a b']) {
      expect(await client.call('loki_label_values', { label, org: 'me' })).toMatchObject({ isError: true });
    }
    expect(loki.requests).toEqual([]);
  });
});
