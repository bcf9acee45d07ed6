/** A source that is asked from a time on, and has further items of that time later, which are alike and have no ids. */
import { expect, it } from 'vitest';
import * as z from 'zod';
import { http } from '../../src/index.ts';
import type { HttpOptions } from '../../src/index.ts';
import { defineApp } from '../../src/declare/check/define-app.ts';
import { stream } from '../../src/declare/stream.ts';
import { createTestApp } from '../../src/hosts/testing/test-app.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';

const NOON = Date.UTC(2026, 10, 20, 12);
const MINUTE = 60_000;
const URL_SINCE = 'https://source.example/items?since={since}&until={until}';

type Line = readonly [at: number, line: string];

/** What a source has at each reading, and the lines that were taken at the end. */
async function taken(readings: readonly (readonly Line[])[], options: Partial<HttpOptions> = {}, size = Infinity) {
  let source: readonly Line[] = [];
  const newestFirst = options.pages?.by === 'number';
  const feed = http({ url: URL_SINCE, everyMs: MINUTE, since: { format: 'ms', from: 'at' }, ...options });
  const app = defineApp({
    name: 'lines',
    version: '1.0.0',
    description: 'Lines of a log',
    streams: { s: stream({ description: 'Lines', schema: z.object({ at: z.number(), line: z.string() }), feed }) },
  });
  const t = createTestApp(app, {
    store: createMemoryStore(),
    at: NOON,
    fetch: ({ url }) => {
      const query = new URL(url).searchParams;
      const [since, until] = [Number(query.get('since')), Number(query.get('until'))];
      const found = source.filter(([at]) => at >= since && at <= until);
      const first = (Number(query.get('page') ?? 1) - 1) * (newestFirst ? size : 0);
      const page = (newestFirst ? found.toReversed() : found).slice(first, first + size);
      return Promise.resolve(Response.json(page.map(([at, line]) => ({ at, line }))));
    },
  });
  for (source of readings) {
    const { feeds } = await t.ingest();
    expect(feeds[0]).toMatchObject({ outcome: 'pulled', error: null });
    await t.advance(MINUTE);
  }
  const { events } = await t.streams.history<{ line: string }>('s', { from: 0, limit: 1_000 });
  return events.map(({ data }) => data.line);
}

const T = NOON - 10 * MINUTE;
const [A, B, C]: [Line, Line, Line] = [
  [T, 'a'],
  [T, 'b'],
  [T + 1, 'c'],
];
const sixTimes = (lines: Line[]) => Array.from({ length: 6 }, () => lines);

it.each<[what: string, readings: Line[][], expected: string]>([
  ['another one', [[A], [A, B], [A, B]], 'ab'],
  ['an alike one', [[A], [A, A], [A, A], [A, A]], 'aa'],
  ['an alike one each time', [[A], [A, A], [A, A, A], [A, A, A]], 'aaa'],
  ['an alike one, with a newer one behind it', [[A], [A, A, C], [A, A, C]], 'aac'],
  [
    'an alike one and another',
    [
      [A, A],
      [A, A, A, B],
      [A, A, A, B],
    ],
    'aaab',
  ],
  ['nothing, but left some out for a while', [[A, A], [A], [], [A, A], [A, A]], 'aa'],
  ['an alike one when it had left some out', [[A, A], [A], [A, A, A], [A, A, A]], 'aaa'],
])('later the source has %s', async (_what, readings, expected) => {
  expect((await taken(readings)).join('')).toBe(expected);
});

it('of times in seconds', async () => {
  const [a, b]: [Line, Line] = [
    [T / 1_000, 'a'],
    [T / 1_000, 'b'],
  ];
  const lines = await taken([[a], [a, b], [a, b, a], [a, b, a]], { since: { format: 's', from: 'at' } });
  expect(lines.join('')).toBe('aba');
});

it.each([1, 2, 200])('on both sides of the end of a page, with %d pages a burst', async (maxPages) => {
  const pages = { by: 'number', param: 'page' } as const;
  const before = [A, A, A];
  const after = [A, A, A, A, C];
  const all = await taken([...sixTimes(before), ...sixTimes(after)], { pages, maxPages }, 2);
  expect(all.toSorted().join('')).toBe('aaaac');
});

it('where the rest of a range is asked for from the latest time on', async () => {
  const lines: Line[] = [[T - 2, 'y'], [T - 1, 'z'], A, A, A, C, [T + 2, 'd']];
  expect((await taken([lines, lines, lines], { pages: { by: 'time', size: 4 } }, 4)).join('')).toBe('yzaaacd');
});

it('where a burst ends within what is new', async () => {
  const lines = Array.from({ length: 7 }, () => A);
  expect((await taken([[A, A], ...sixTimes(lines)], { budget: { events: 2 } })).join('')).toBe('aaaaaaa');
});
