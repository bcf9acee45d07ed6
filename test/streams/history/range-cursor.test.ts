/** The cursors of reads of the past: short, bound to their question, and those of earlier releases. */
import * as z from 'zod';
import { expect, test } from 'vitest';
import { stream } from '../../../src/declare/stream.ts';
import { encodeCursor, epochOf } from '../../../src/store/cursor.ts';
import { findStream } from '../../../src/streams/find-stream.ts';
import { readHistory } from '../../../src/streams/history/events.ts';
import { kindOf, openRange } from '../../../src/streams/history/range-cursor.ts';
import { encodeHeld } from '../../../src/streams/history/long-cursor.ts';
import { scopeOfLogs } from '../../../src/streams/scope.ts';
import { bench, START, TENANT } from './fixture.ts';

const at = bench({
  s: stream({ description: 'S', schema: z.object({ v: z.number() }), key: () => 'k' }),
  other: stream({ description: 'O', schema: z.object({ v: z.number() }), key: () => 'k' }),
});
const s = findStream(at.app, 's');
const positions = ['a', 'b', 'c', 'd'].map((id, index) =>
  encodeCursor(epochOf('log', `${id}m9vYmFyYmF6cXV4LV9eX${id}`), 36 ** 4 + index),
);
const range = { from: START, to: null, keys: ['k'], where: null };
const written = (kind: string, count: number) =>
  openRange(s, kind, { from: START, keys: ['k'] }, START).cursorAt({
    positions: positions.slice(0, count),
    range,
    parts: { one: 1, two: ['2'] },
    flag: true,
    rest: null,
  }) ?? '';

test('are short enough to be copied, with one position and with those of four streams', () => {
  expect(written('history', 1).length).toBeLessThanOrEqual(36);
  for (const count of [1, 2, 3, 4]) expect(written('windows', count).length).toBeLessThanOrEqual(64);
});

test('hold their positions, the moment of the first page, and what the page before found', () => {
  const opened = openRange(s, 'windows', { from: START, keys: ['k'], cursor: written('windows', 4) }, START + 5_000);
  expect(opened.since).toBe(START);
  expect(opened.resumed?.flag).toBe(true);
  expect(opened.resumed?.positions.map((each) => each?.split('.')[0])).toEqual(['10000', '10001', '10002', '10003']);
  expect([kindOf(s, written('windows', 1)), kindOf(s, written('history', 1)), kindOf(s, 'x')]).toEqual([
    'windows',
    'history',
    null,
  ]);
});

test.each([
  ['from` or `to', { range: { ...range, to: START + 1 } }, {}],
  ['keys', { range: { ...range, keys: ['other'] } }, {}],
  ['where', { range: { ...range, where: { v: 1 } } }, {}],
  ['one', {}, { one: 2 }],
  ['two', {}, { two: ['2', '3'] }],
])('of a question with another `%s` are refused, by its name', (name, changed, parts) => {
  const { check } = openRange(s, 'history', { cursor: written('history', 1) }, START);
  const asked = { range, ...changed };
  expect(() => check(range, { one: 1, two: ['2'] })).not.toThrow();
  expect(() => check(asked.range, { one: 1, two: ['2'], ...parts })).toThrow(`it goes with another \`${name}\``);
});

test('of another stream are refused as such', () => {
  const { check } = openRange(findStream(at.app, 'other'), 'history', { cursor: written('history', 1) }, START);
  expect(() => check(range, { one: 1, two: ['2'] })).toThrow('it is a cursor of another stream');
});

test('of earlier releases go on with the stream alone, by cursors of their own form', async () => {
  for (let v = 0; v < 6; v += 1) await at.append('s', { id: `${v}`, key: 'k', data: { v } });
  const scope = scopeOfLogs(at.deps, { tenant: TENANT });
  const { end } = await at.deps.store.extent('public/stream/s');
  const first = { positions: [end], range: { from: null, to: null, keys: ['k'], where: null }, parts: {}, flag: false };
  const rest = ['newest', false];
  let cursor = encodeHeld('s', 'history', { from: null, to: null }, { ...first, rest });
  const found: string[] = [];
  while (cursor !== null) {
    const page = await readHistory(scope, s, { cursor, limit: 2 });
    found.push(...page.events.map(({ id }) => id));
    ({ cursor } = page);
    await expect(readHistory(scope, s, { cursor: cursor ?? 'x', keys: ['l'] })).rejects.toThrow(
      'cursor cannot be used',
    );
  }
  expect(found).toEqual(['5', '4', '3', '2', '1', '0']);
});
