import { describe, expect, test } from 'vitest';
import { TidegateError } from '../../../src/base/errors.ts';
import { readDeadLetters } from '../../../src/feeds/records/dead-letters.ts';
import { ingest } from '../../../src/feeds/run/run.ts';
import { feedStatus } from '../../../src/feeds/records/status.ts';
import { readLatest } from '../../../src/streams/log/read-latest.ts';
import { anonymous, feedOf, identified, items, reading, readings, stageOf, START, TENANT } from './stage.ts';
import { scopeOfLogs } from '../../../src/streams/scope.ts';

describe('a burst', () => {
  test('appends what the feed yields, with its position, and brings the latest events up to date', async () => {
    const feed = feedOf(async function* ({ position }) {
      const from = (position as number | null) ?? 0;
      yield { items: items(readings(from, from + 3)), position: from + 3, last: true };
    });
    const stage = stageOf({ streams: { readings: identified(feed) } });
    expect(await stage.run()).toMatchObject({ outcome: 'pulled', state: 'ok', events: 3, commits: 3, error: null });
    await stage.clock.advance(60_000);
    expect(await stage.run()).toMatchObject({ events: 3, duplicates: 0 });
    expect((await stage.events()).map(({ id }) => id)).toEqual(['r0', 'r1', 'r2', 'r3', 'r4', 'r5']);
    expect(await readLatest(scopeOfLogs(stage.deps, { tenant: TENANT }), 'readings', 's0')).toMatchObject({
      id: 'r5',
      stream: 'readings',
    });
  });

  test('with nothing new costs two commits, its position included', async () => {
    const feed = feedOf(async function* () {
      yield { items: [], position: 'etag-1', last: true };
    });
    const stage = stageOf({ streams: { readings: identified(feed) } });
    const { deps, calls } = stage.worker();
    const report = await ingest(deps, START + 60_000);
    expect(report.feeds[0]).toMatchObject({ outcome: 'pulled', events: 0, commits: 2 });
    expect(calls).toEqual({ getMany: 1, commit: 2 });
    expect((await stage.run()).outcome).toBe('waiting');
  });

  test('of events that have an id appends each once, whatever the upstream gives again', async () => {
    const feed = feedOf(async function* () {
      yield { items: items(readings(0, 10)), last: true };
    });
    const stage = stageOf({ streams: { readings: identified(feed) } });
    await stage.run();
    await stage.clock.advance(60_000);
    expect(await stage.run()).toMatchObject({ events: 0, duplicates: 10, commits: 2 });
    expect(await stage.events()).toHaveLength(10);
  });

  test('resumes the feed only when the batch is durable', async () => {
    const seen: number[] = [];
    const stage = stageOf({
      streams: {
        readings: anonymous(
          feedOf(async function* () {
            yield { items: items(readings(0, 2)) };
            seen.push((await stage.events()).length);
            yield { items: items(readings(2, 5)), last: true };
            seen.push((await stage.events()).length);
          }),
        ),
      },
    });
    await stage.run();
    expect(seen).toEqual([2, 5]);
  });

  test('keeps what is wrong as dead letters with field and reason, and takes the rest in', async () => {
    const data = [reading(1), { ...reading(2), value: 'warm' }, { ...reading(3), sensor: '' }, 'garbage'];
    const feed = feedOf(async function* () {
      const unread = { stream: 'readings', data: '{"a":', bytes: 5, invalid: { reason: 'json', expected: 'JSON' } };
      yield { items: [...items(data), ...items([reading(5)], 'elsewhere'), unread], last: true };
    });
    const stage = stageOf({ streams: { readings: identified(feed) } });
    expect(await stage.run()).toMatchObject({ events: 1, rejected: 5, deadLetters: 5, commits: 3 });
    const { deadLetters, cursor } = await readDeadLetters(scopeOfLogs(stage.deps, { tenant: TENANT }), 'readings');
    expect(deadLetters.map(({ reason, field }) => [reason, field])).toEqual([
      ['schema', 'data.value'],
      ['key', 'data.sensor'],
      ['schema', 'data'],
      ['unknown_stream', 'stream'],
      ['json', null],
    ]);
    expect(deadLetters[0]).toMatchObject({ item: data[1], at: START, cut: false });
    const next = await readDeadLetters(scopeOfLogs(stage.deps, { tenant: TENANT }), 'readings', {
      after: cursor ?? '',
    });
    expect(next.deadLetters).toEqual([]);
  });

  test('bounds its dead letters in number and size', async () => {
    const feed = feedOf(async function* () {
      yield { items: items(Array.from({ length: 1_200 }, () => 'x'.repeat(20_000))), last: true };
    });
    const stage = stageOf({ streams: { readings: identified(feed) } });
    expect(await stage.run()).toMatchObject({ rejected: 1_200, deadLetters: 1_000 });
    const { deadLetters } = await readDeadLetters(scopeOfLogs(stage.deps, { tenant: TENANT }), 'readings', {
      limit: 1,
    });
    expect(deadLetters[0]).toMatchObject({ cut: true });
    expect(JSON.stringify(deadLetters[0]?.item).length).toBeLessThan(16 * 1024);
  });

  test('appends a gap without asking the schema, and leaves the latest events alone', async () => {
    const feed = feedOf(async function* () {
      const gap = { stream: 'readings', data: null, bytes: 0, meta: { gap: { reason: 'session lost' } } };
      yield { items: [...items([reading(1)]), gap], last: true };
    });
    const stage = stageOf({ streams: { readings: identified(feed) } });
    expect(await stage.run()).toMatchObject({ events: 1, rejected: 0 });
    expect((await stage.events())[1]).toMatchObject({ data: null, meta: { gap: { reason: 'session lost' } } });
    expect(await readLatest(scopeOfLogs(stage.deps, { tenant: TENANT }), 'readings', 'a')).toMatchObject({ id: 'r1' });
  });
});

describe('a run', () => {
  test('pulls what is due, and no more at once than it may', async () => {
    let running = 0;
    let most = 0;
    const feed = () =>
      feedOf(async function* () {
        running += 1;
        most = Math.max(most, running);
        await new Promise<void>((resolve) => setImmediate(resolve));
        running -= 1;
        yield { items: items([reading(1)], 'elsewhere'), last: true };
      });
    const streams = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`s${i}`, identified(feed())]));
    const stage = stageOf({ streams });
    const report = await ingest(stage.deps, START + 60_000, { concurrency: 3 });
    expect(report.feeds.map(({ outcome }) => outcome)).toEqual(Array.from({ length: 9 }, () => 'pulled'));
    expect(most).toBe(3);
    expect(report.nextAt).toBe(START + 60_000);
    const again = await ingest(stage.deps, START + 60_000);
    expect(new Set(again.feeds.map(({ outcome }) => outcome))).toEqual(new Set(['waiting']));
  });

  test('says what it has no time for, and leaves it due', async () => {
    const feed = feedOf(async function* () {
      yield { items: [], last: true };
    });
    const stage = stageOf({ streams: { readings: identified(feed) } });
    expect(await stage.run({}, 100)).toMatchObject({ outcome: 'no-time', commits: 0 });
    expect(await stage.run()).toMatchObject({ outcome: 'pulled' });
  });

  test('reports a failing feed and goes on with the others', async () => {
    const broken = feedOf(() => {
      throw new TidegateError('upstream', 'no');
    });
    const fine = feedOf(async function* () {
      yield { items: items([reading(1)], 'b'), last: true };
    });
    const stage = stageOf({ streams: { a: identified(broken), b: identified(fine) } });
    const { feeds } = await ingest(stage.deps, START + 60_000);
    expect(feeds.map(({ outcome, error }) => [outcome, error?.code ?? null])).toEqual([
      ['failed', 'upstream'],
      ['pulled', null],
    ]);
    const statuses = await feedStatus(scopeOfLogs(stage.deps, { tenant: TENANT }));
    expect(statuses.map(({ feed, state }) => [feed, state])).toEqual([
      ['a', 'backing-off'],
      ['b', 'ok'],
    ]);
  });
});
