/** What a model is told that goes on with a cursor from before a restore, and where it goes on from there. */
import { beforeEach, expect, test } from 'vitest';
import { START } from '../streams/history/fixture.ts';
import { type Plant, plant } from './plant.ts';
import { byStructure, byText, type Call, walk } from './walk.ts';

const MINUTE = 60_000;
let at: Plant;

beforeEach(async () => {
  at = plant();
  for (let index = 0; index < 40; index += 1) {
    at.clock.now = START + index * MINUTE;
    await at.append('plant', { key: 'a', data: { temp: index, pump: { state: 'on', rpm: null } } });
  }
  at.clock.now = START + 60 * MINUTE;
});

const read = (args: object) => at.call('read_history', { stream: 'plant', from: START, ...args });

/** As a cursor is that was made before another event came to stand before it. */
function ofOtherHistory({ structured }: { structured: Record<string, unknown> }): string {
  const cursor = String(structured['cursor']);
  const other = cursor.replace(/!(.{4})(.{4})/, '!$1zzzz');
  expect(other).not.toBe(cursor);
  return other;
}

test('events begin anew, and the calls that are printed give all of them', async () => {
  const first = await read({ limit: 7 });
  expect(first.structured).not.toHaveProperty('anew');
  const call: Call = {
    tool: 'read_history',
    arguments: { stream: 'plant', from: START, limit: 7, cursor: ofOtherHistory(first) },
  };
  const { structured, text } = await at.call(call.tool, call.arguments);
  expect(structured).toMatchObject({ anew: true, truncated: true, complete: false });
  expect(structured['events']).toEqual(first.structured['events']);
  expect(text).toMatch(/went back to an earlier state.*begins anew here: drop the pages before/);
  for (const reader of [byStructure('events'), byText((line) => /^2026-.* temp=/.test(line))]) {
    expect((await walk(at, call, 'Next page', reader)).rows).toHaveLength(40);
  }
});

test('windows begin anew from their first row, also where the page before ended within the rows of a part', async () => {
  const question = { window: '1m', field: 'temp', aggregates: ['sum'], maxEvents: 20 };
  const part = await read(question);
  const within = await read({ ...question, limit: 5, cursor: String(part.structured['cursor']) });
  expect(String(within.structured['cursor'])).toMatch(/^r/);
  for (const cursor of [ofOtherHistory(part), ofOtherHistory(within)]) {
    const anew = await read({ ...question, limit: 5, cursor });
    expect(anew.structured).toMatchObject({ anew: true, truncated: true, complete: false });
    expect(anew.text).toContain('begins anew here');
    let rows = anew.structured['windows'] as { sum: number }[];
    const sums = rows.map(({ sum }) => sum);
    for (let next = anew.structured['cursor'] as string | null; next !== null;) {
      const { structured } = await read({ ...question, limit: 5, cursor: next });
      expect(structured).not.toHaveProperty('anew');
      rows = structured['windows'] as { sum: number }[];
      sums.push(...rows.map(({ sum }) => sum));
      next = structured['cursor'] as string | null;
    }
    expect(sums).toEqual(Array.from({ length: 40 }, (_, index) => index));
  }
});

test('a tail begins at the oldest event, and says why', async () => {
  const tail = await at.call('tail_stream', { stream: 'plant', seconds: 0 });
  const cursor = ofOtherHistory(tail);
  const { structured, text } = await at.call('tail_stream', { stream: 'plant', seconds: 0, cursor });
  expect([structured['truncated'], (structured['events'] as unknown[]).length]).toEqual([true, 40]);
  expect(text).toContain('went back to an earlier state (a restore). These events begin at the oldest that it has.');
});
