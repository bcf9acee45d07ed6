/** A feed whose items are no events of their stream: it succeeds, and says so all the same. */
import { expect, test } from 'vitest';
import { newState } from '../../../src/feeds/records/state.ts';
import { feedStatus } from '../../../src/feeds/records/status.ts';
import { feedKey } from '../../../src/feeds/records/state.ts';
import { readDeadLetters } from '../../../src/feeds/records/dead-letters.ts';
import { from } from '../../../src/feeds/from.ts';
import { anonymous, feedOf, items, Reading, reading, stageOf, TENANT } from './stage.ts';
import { stream } from '../../../src/declare/stream.ts';
import { scopeOfLogs } from '../../../src/streams/scope.ts';

const wrong = { sensor: 'a', at: 1, value: 'hot' };

/** Brings these, burst by burst. */
function bringing(bursts: unknown[][]) {
  let n = 0;
  return feedOf(async function* () {
    n += 1;
    yield { items: items(bursts[n - 1] ?? []), position: n, last: true };
  });
}

async function statesOf(bursts: unknown[][]) {
  const stage = stageOf({ streams: { readings: anonymous(bringing(bursts)) } });
  const found = [];
  for (const _ of bursts) {
    const report = await stage.run();
    const [status] = await feedStatus(scopeOfLogs(stage.deps, { tenant: TENANT }));
    expect(status?.state).toBe(report.state);
    found.push({ at: stage.clock.now, state: status?.state, rejected: status?.rejected ?? null });
    await stage.clock.advance(60_000);
  }
  return found;
}

test('all of it, a part, none; what brings nothing changes nothing', async () => {
  const [all, still, part, none] = await statesOf([[wrong, wrong], [], [wrong, reading(1), reading(2)], [reading(3)]]);
  const why = { field: 'data.value', expected: expect.stringContaining('number') as string };
  expect(all).toMatchObject({ state: 'rejecting', rejected: { count: 2, items: 2, at: all?.at, ...why } });
  expect(still).toMatchObject({ state: 'rejecting', rejected: { count: 2, at: all?.at } });
  expect(part).toMatchObject({ state: 'ok', rejected: { count: 1, items: 3, at: part?.at, ...why } });
  expect(none).toMatchObject({ state: 'ok', rejected: null });
});

const routed = () => stream({ description: 'one', schema: Reading, key: 'sensor', time: 'at', feed: from('many') });
const LINE = 'items that are no events of their stream';

test('the log says how many and why, and of a feed of several streams of which', async () => {
  const alone = stageOf({ streams: { readings: anonymous(bringing([[wrong, wrong]])) } });
  await alone.run();
  const expected = expect.stringContaining('number') as string;
  const counts = { rejected: 2, deadLetters: 2, expected };
  expect(alone.logged).toEqual([
    { level: 'warn', message: LINE, fields: { feed: 'readings', ...counts, field: 'data.value' } },
  ]);
  const streams = { readings: routed(), others: routed() };
  const several = stageOf({ feeds: { many: bringing([[wrong, wrong]]) }, streams });
  await several.run();
  const [told] = await feedStatus(scopeOfLogs(several.deps, { tenant: TENANT }));
  expect(told?.rejected).toMatchObject({ field: 'data.value', stream: 'readings', count: 2 });
  expect(several.logged).toEqual([
    { level: 'warn', message: LINE, fields: { feed: 'many', ...counts, field: 'data.value', stream: 'readings' } },
  ]);
});

test('why is told within a bound', async () => {
  const key = 'x'.repeat(5_000);
  const [state] = await statesOf([[{ ...wrong, value: 1, sensor: { [key]: key } }, 'x'.repeat(100_000)]]);
  expect(JSON.stringify(state?.rejected).length).toBeLessThan(600);
});

test('a feed that fails is failing first of all', async () => {
  const feed = feedOf(async function* () {
    yield { items: items([wrong]), position: 1 };
    throw new Error('broke');
  });
  const stage = stageOf({ streams: { readings: anonymous(feed) } });
  expect(await stage.run()).toMatchObject({ outcome: 'failed', state: 'backing-off', rejected: 1 });
});

test('a record that an earlier version left is read with what it lacks', async () => {
  const stage = stageOf({ streams: { readings: anonymous(bringing([[reading(1)]])) } });
  const { rejected: _unknown, ...earlier } = { ...newState(), bursts: 3, lastSuccessAt: 1 };
  const put = { kind: 'put', ...feedKey(TENANT, 'readings'), value: earlier as never, expects: null } as const;
  await stage.store.commit([put], { id: 'old', now: stage.clock.now, deadline: stage.clock.now + 1_000 });
  expect(await feedStatus(scopeOfLogs(stage.deps, { tenant: TENANT }))).toMatchObject([
    { state: 'ok', bursts: 3, rejected: null },
  ]);
  expect(await stage.run()).toMatchObject({ outcome: 'pulled', state: 'ok' });
});

test('what a source lists again with each reading is a dead letter once, and is told of once', async () => {
  const bad = Array.from({ length: 60 }, (_, n) => ({ ...wrong, value: `hot ${n}` }));
  const unique = { ...wrong, value: 'only once' };
  const polls = [[...bad, unique], ...Array.from({ length: 6 }, () => bad), [...bad, { ...wrong, value: 'late' }]];
  const feed = { ...bringing(polls.map((list) => [...list, reading(1)])), relists: true };
  const stage = stageOf({ streams: { readings: anonymous(feed) } });
  for (const _ of polls) {
    expect(await stage.run()).toMatchObject({ outcome: 'pulled' });
    await stage.clock.advance(60_000);
  }
  const found: unknown[] = [];
  let before: string | null = null;
  do {
    const page = await readDeadLetters(scopeOfLogs(stage.deps, { tenant: TENANT }), 'readings', {
      limit: 100,
      ...(before === null ? {} : { before }),
    });
    found.push(...page.deadLetters.map(({ item }) => (item as { value: string }).value));
    before = page.before(0);
  } while (before !== null);
  expect(found).toEqual([...bad.map(({ value }) => value), 'only once', 'late']);
  const [status] = await feedStatus(scopeOfLogs(stage.deps, { tenant: TENANT }));
  expect(status).toMatchObject({ rejected: { count: 61, items: 62 }, counts: { deadLetters: 62 } });
  expect(stage.logged.filter(({ level, message }) => level === 'warn' && message === LINE)).toHaveLength(2);
});

test('what is listed again is no new dead letter where a burst in between had nothing to refuse', async () => {
  const polls = [[wrong, reading(1)], [reading(2)], [wrong, reading(3)], [reading(4)], [wrong]];
  const stage = stageOf({ streams: { readings: anonymous({ ...bringing(polls), relists: true }) } });
  for (const _ of polls) {
    await stage.run();
    await stage.clock.advance(60_000);
  }
  const { deadLetters } = await readDeadLetters(scopeOfLogs(stage.deps, { tenant: TENANT }), 'readings');
  expect(deadLetters).toHaveLength(1);
});

test('what a source sends anew, and does not list again, is a dead letter each time', async () => {
  const stage = stageOf({ streams: { readings: anonymous(bringing([[wrong], [wrong], [wrong]])) } });
  for (let poll = 0; poll < 3; poll += 1) {
    await stage.run();
    await stage.clock.advance(60_000);
  }
  const { deadLetters } = await readDeadLetters(scopeOfLogs(stage.deps, { tenant: TENANT }), 'readings');
  expect(deadLetters).toHaveLength(3);
});
