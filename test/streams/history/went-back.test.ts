/** Pages of the past behind a restore: who holds a cursor whose history is no longer that of the stream begins its range anew. */
import * as z from 'zod';
import { describe, expect, test } from 'vitest';
import { stream } from '../../../src/declare/stream.ts';
import { findStream } from '../../../src/streams/find-stream.ts';
import { type HistoryPage, type HistoryQuery, readHistory } from '../../../src/streams/history/events.ts';
import { readWindows } from '../../../src/streams/history/windows.ts';
import type { WindowsQuery } from '../../../src/streams/history/windows-page.ts';
import { scopeOfLogs } from '../../../src/streams/scope.ts';
import { bench, type Bench, START, TENANT } from './fixture.ts';

const MINUTE = 60_000;
const BLOCK = 256;

/** As a cursor is that was made before another event came to stand before it. */
const ofOtherHistory = (cursor: string | null) => {
  const other = (cursor ?? '').replace(/!(.{4})(.{4})/, '!$1zzzz');
  expect(other).not.toBe(cursor);
  return other;
};

function stage(): Bench {
  const schema = z.object({ v: z.number() });
  return bench({ s: stream({ description: 'One', schema }), t: stream({ description: 'Two', schema }) });
}

const numbered = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, n) => ({
    id: `${from + n}`,
    time: START + (from + n) * MINUTE,
    data: { v: 1 },
  }));
const idsOf = (pages: readonly HistoryPage[]) => pages.flatMap(({ events }) => events.map(({ id }) => id));

const reader = (at: Bench) => (query: HistoryQuery, cursor: string | null) =>
  readHistory(scopeOfLogs(at.deps, { tenant: TENANT }), findStream(at.app, 's'), {
    ...query,
    ...(cursor === null ? {} : { cursor }),
  });

describe.each<[string, HistoryQuery]>([
  ['oldest first', { order: 'oldest' }],
  ['newest first', { order: 'newest' }],
  ['oldest first in a range', { from: START, to: START + 10_000 * MINUTE }],
  ['newest first in a range', { from: START, to: START + 10_000 * MINUTE, order: 'newest' }],
  ['by a filter', { from: START, where: { v: { above: 0 } } }],
])('%s', (_, query) => {
  test('a page that goes on is the first of its range, says so, and the others follow', async () => {
    const at = stage();
    at.clock.now = START + 1_000 * MINUTE;
    await at.append('s', ...numbered(0, 600));
    await at.project('s');
    const read = reader(at);
    const first = await read({ ...query, limit: 300 }, null);
    expect(first.anew).toBe(false);
    const pages = [await read({ ...query, limit: 300 }, ofOtherHistory(first.cursor))];
    while (pages.at(-1)?.cursor) pages.push(await read({ ...query, limit: 300 }, pages.at(-1)?.cursor ?? null));
    expect(pages.map(({ anew, truncated }) => [anew, truncated])).toEqual([
      [true, true],
      ...pages.slice(1).map(() => [false, false]),
    ]);
    expect(idsOf(pages).toSorted((a, b) => Number(a) - Number(b))).toEqual(numbered(0, 600).map(({ id }) => id));
    expect(pages[0]?.tailCursor === null).toBe(pages[0]?.order === 'oldest');
  });
});

test('it is noticed as well where the rest of the range lies elsewhere, or there is no rest', async () => {
  const at = stage();
  at.clock.now = START + 10_000 * MINUTE;
  // The range is in the first block and in the last one. All between them is of other times.
  await at.append('s', ...numbered(0, BLOCK));
  for (let block = 1; block < 12; block += 1) await at.append('s', ...numbered(block * BLOCK, (block + 1) * BLOCK));
  await at.append('s', ...numbered(0, BLOCK).map((draft) => ({ ...draft, id: `late ${draft.id}` })));
  await at.project('s');
  const read = reader(at);
  const query = { from: START, to: START + BLOCK * MINUTE };
  const whole = await read({ ...query, limit: 1_000 }, null);
  expect([whole.events.length, whole.complete]).toEqual([2 * BLOCK, true]);
  const first = await read({ ...query, limit: BLOCK }, null);
  const rest = await read({ ...query, limit: BLOCK }, first.cursor);
  expect([idsOf([first, rest]), rest.complete, rest.anew]).toEqual([idsOf([whole]), true, false]);
  const anew = await read({ ...query, limit: 1_000 }, ofOtherHistory(first.cursor));
  expect([idsOf([anew]), anew.complete, anew.anew]).toEqual([idsOf([whole]), true, true]);
});

test('windows begin anew, all of their streams together, and are then a whole answer', async () => {
  const at = stage();
  at.clock.now = START + 1_000 * MINUTE;
  for (const name of ['s', 't']) {
    await at.append(name, ...numbered(0, 400));
    await at.append(name, ...numbered(400, 600));
    await at.project(name);
  }
  const query: WindowsQuery = {
    window: '1h',
    from: START,
    to: START + 600 * MINUTE,
    field: 'v',
    aggregates: ['sum'],
    also: [{ stream: 't', field: 'v' }],
  };
  const read = (more: Partial<WindowsQuery>) =>
    readWindows(scopeOfLogs(at.deps, { tenant: TENANT }), findStream(at.app, 's'), { ...query, ...more });
  const whole = await read({});
  const first = await read({ maxEvents: 600 });
  expect([first.complete, first.anew]).toEqual([false, false]);
  // One of the two streams alone.
  const cursor = (first.cursor ?? '').replace(/!(.{2})(.{4})/, '!$1zzzz');
  const anew = await read({ cursor, maxEvents: 10_000 });
  expect([anew.anew, anew.truncated, anew.complete, anew.ofPart]).toEqual([true, true, true, []]);
  expect(anew.rows).toEqual(whole.rows);
  const parts = [await read({ cursor, maxEvents: 600 })];
  while (parts.at(-1)?.cursor) parts.push(await read({ cursor: parts.at(-1)?.cursor ?? '', maxEvents: 600 }));
  expect(parts.map((part) => part.anew)).toEqual(parts.map((__, index) => index === 0));
  const sum = parts.flatMap(({ rows }) => rows).reduce((total, { values }) => total + (values?.sum ?? 0), 0);
  expect(sum).toBe(1_200);
});

test('a cursor of a stream that was lost with all that was stored begins anew with the one that took its place', async () => {
  const [before, after] = [stage(), stage()];
  for (const [at, count] of [
    [before, 50],
    [after, 30],
  ] as const) {
    at.clock.now = START + 1_000 * MINUTE;
    await at.append('s', ...numbered(0, count));
    await at.project('s');
  }
  for (const query of [{ from: START }, { order: 'oldest' }, { order: 'newest' }] as const) {
    const { cursor } = await reader(before)({ ...query, limit: 40 }, null);
    const page = await reader(after)({ ...query, limit: 40 }, cursor);
    expect([page.anew, page.truncated, page.complete, page.events.length]).toEqual([true, true, true, 30]);
  }
  // Where nothing has taken its place yet, it is told as well.
  const { cursor } = await reader(before)({ order: 'oldest', limit: 40 }, null);
  const none = await reader(stage())({ order: 'oldest', limit: 40 }, cursor);
  expect([none.anew, none.truncated, none.complete, none.events]).toEqual([true, true, true, []]);
});
