/** Which revisions of an event `read_history` marks as superseded, and how much room their marks have on a page. */
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { defineApp, stream } from '../../src/index.ts';
import { createTestApp, type TestApp } from '../../src/testing.ts';
import type { StreamEvent } from '../../src/base/event.ts';
import { utf8Bytes } from '../../src/base/json.ts';
import { bothHalves, type Room } from '../../src/calls/halves.ts';
import { eventRow } from '../../src/calls/short-lines.ts';
import { createRevisedPage } from '../../src/tools/revisions.ts';
import { fc } from '../properties.ts';

const NOW = Date.UTC(2026, 10, 20, 12);
const SECOND = 1_000;

interface Revision {
  etag: string;
  ago: number;
}

interface Marked {
  id: string;
  revision: string;
  superseded?: true;
}

function documents(): TestApp {
  const schema = z.object({ id: z.string(), etag: z.string(), at: z.string(), v: z.number(), text: z.string() });
  const docs = stream({ description: 'Documents', schema, id: 'id', revision: 'etag', time: 'at' });
  const declared = { name: 'revised', version: '1', description: 'd', streams: { docs } };
  return createTestApp(defineApp(declared), { at: NOW });
}

async function appended(revisions: readonly Revision[]): Promise<TestApp> {
  const app = documents();
  for (const [v, { etag, ago }] of revisions.entries()) {
    const at = new Date(NOW - ago * SECOND).toISOString();
    await app.streams.append('docs', { id: 'a', etag, at, v, text: '' });
  }
  return app;
}

async function standing(app: TestApp, asked: object): Promise<string[]> {
  const { structured } = await app.call('read_history', { stream: 'docs', ...asked });
  const { events } = structured as unknown as { events: Marked[] };
  return events.filter(({ superseded }) => superseded === undefined).map(({ revision }) => revision);
}

describe('of revisions that have no order the one that came last stands', () => {
  const corrected = [
    { etag: 'zzq', ago: 10 },
    { etag: 'kkw', ago: 60 },
  ];
  test.each([
    { order: 'oldest' },
    { order: 'newest' },
    { from: '-1h' },
    { from: '-1h', order: 'newest' },
    { order: 'oldest', limit: 2 },
  ])('also where its time is the earlier one: %j', async (asked) => {
    expect(await standing(await appended(corrected), asked)).toEqual(['kkw']);
  });

  test('and of those of one time, in both orders', async () => {
    const app = await appended([
      { etag: 'zzq', ago: 10 },
      { etag: 'kkw', ago: 10 },
      { etag: 'mmc', ago: 10 },
    ]);
    expect(await standing(app, { order: 'oldest' })).toEqual(['mmc']);
    expect(await standing(app, { order: 'newest' })).toEqual(['mmc']);
  });

  test('and pages that hold one of them each mark none', async () => {
    const app = await appended(corrected);
    expect(await standing(app, { order: 'oldest', limit: 1 })).toEqual(['kkw']);
    expect(await standing(app, { order: 'newest', limit: 1 })).toEqual(['zzq']);
  });
});

test('what stands is what read_latest gives and what windows count, of revisions with and without an order', async () => {
  const names = fc.constantFrom('7', '12', '103', 'zzq', 'kkw', 'mmc', 'v1.9', 'v1.10');
  const revision = fc.record({ etag: names, ago: fc.integer({ min: 1, max: 90 }) });
  const revisions = fc.uniqueArray(revision, { minLength: 1, maxLength: 6, selector: ({ etag }) => etag });
  const agree = fc.asyncProperty(revisions, async (drawn) => {
    const app = await appended(drawn);
    const { structured: latest } = await app.call('read_latest', { stream: 'docs' });
    const [{ revision: newest } = { revision: '' }] = (latest as unknown as { events: Marked[] }).events;
    for (const order of ['oldest', 'newest']) expect(await standing(app, { order })).toEqual([newest]);
    const asked = { window: 'all', from: '-1h', field: 'v', aggregates: ['sum'] };
    const { structured } = await app.call('read_history', { stream: 'docs', ...asked });
    const sum = drawn.findIndex(({ etag }) => etag === newest);
    expect(structured).toMatchObject({ windows: [{ count: 1, sum }] });
  });
  await fc.assert(agree, { numRuns: 60 });
});

const halfOf = (half: number): Room => ({ half, whole: Infinity });
const wholeOf = (whole: number): Room => ({ half: Infinity, whole });

const revised = (index: number): StreamEvent => ({
  id: `id-${index % 3}`,
  revision: `"${(index * 7) % 101}-é"`,
  stream: 'docs',
  time: NOW + index,
  data: { text: 'x'.repeat((index * 13) % 40) },
});

/** Takes revisions of three ids, in another order than that of their places, until the page is full. */
function filled(room: Room) {
  const page = createRevisedPage(room, (event) => eventRow(event, true));
  let taken = 0;
  while (page.take(revised(taken), (taken * 37) % 1_009)) taken += 1;
  const { rows } = page;
  expect(rows.length).toBe(taken);
  return { rows, answer: bothHalves<object>({ before: [], name: 'e', rows, after: [], calls: [], structured: {} }) };
}

describe('marks are measured with their rows', () => {
  test.each([2_000, 5_000, 20_000])('a half has at most %i bytes, and little less', (half) => {
    const { rows, answer } = filled(halfOf(half));
    expect(rows.filter(({ line }) => line.endsWith(' SUPERSEDED')).length).toBe(rows.length - 3);
    const largest = Math.max(utf8Bytes(answer.text), utf8Bytes(JSON.stringify(answer.structured)));
    expect(largest).toBeLessThanOrEqual(half);
    expect(largest).toBeGreaterThan(half - 400);
  });

  test.each([4_000, 30_000])('both as JSON have at most %i bytes, and little less', (whole) => {
    const { answer } = filled(wholeOf(whole));
    const bytes = utf8Bytes(JSON.stringify(answer.text)) + utf8Bytes(JSON.stringify(answer.structured));
    expect(bytes).toBeLessThanOrEqual(whole);
    expect(bytes).toBeGreaterThan(whole - 600);
  });

  test('a page of as many revisions as fit one answer is an answer, and is not kept in pages', async () => {
    const app = documents();
    for (let v = 0; v < 700; v += 1) {
      const at = new Date(NOW - v).toISOString();
      await app.streams.append('docs', { id: 'a', etag: `${v}`, at, v, text: 'x'.repeat(48) });
    }
    const { structured, text } = await app.call('read_history', { stream: 'docs', from: '-1h', limit: 1_000 });
    const { events } = structured as unknown as { events: Marked[] };
    expect(text).not.toContain('result://');
    expect(events.length).toBeGreaterThan(500);
    expect(events.filter(({ superseded }) => superseded).length).toBe(events.length - 1);
    expect(structured).toMatchObject({ complete: false });
  });
});
