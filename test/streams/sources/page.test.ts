/** A page of what a source tells: what comes next, what is missing, whether there is more, and that it is one call to the store. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { stream } from '../../../src/declare/stream.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import type { Cursor } from '../../../src/store/store.ts';
import { streamLog } from '../../../src/streams/log/stream-log.ts';
import { scopeOfLogs } from '../../../src/streams/scope.ts';
import { logOf, type PageOptions, readOccurrences } from '../../../src/streams/sources/page.ts';
import { eventSources, findSource } from '../../../src/streams/sources/sources.ts';
import { type Bench, bench, START, TENANT } from '../history/fixture.ts';

const keyed = () => stream({ description: 'S', schema: z.object({ v: z.number() }), key: () => 'k' });

function pages(at: Bench, args: unknown = {}) {
  const selection = findSource(eventSources(at.app), 'stream.s').select(args);
  const scope = scopeOfLogs(at.deps, { tenant: TENANT });
  return async (after: Cursor | null, options: Partial<PageOptions> = {}) => {
    at.calls.length = 0;
    const page = await readOccurrences(scope, selection, { after, most: 100, characters: 100_000, ...options });
    expect(at.calls).toEqual(['read']);
    const { occurrences, ...rest } = page;
    return { ...rest, ids: occurrences.map(({ occurrence }) => occurrence.eventId), occurrences };
  };
}

const numbered = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, at) => ({ id: `${from + at}`, key: 'k', data: { v: from + at } }));

test('goes on behind its position, as far as was asked, and says whether there is more', async () => {
  const at = bench({ s: keyed() });
  const page = pages(at);
  await at.append('s', ...numbered(1, 5));
  const first = await page(null, { most: 2 });
  expect(first).toMatchObject({ ids: ['1', '2'], hasMore: true, truncated: false, anew: false });
  const second = await page(first.position, { most: 3 });
  expect(second).toMatchObject({ ids: ['3', '4', '5'], hasMore: false, newestAt: START });
  expect(await page(second.position)).toMatchObject({ ids: [], hasMore: false, newestAt: null });
  expect(first.occurrences[1]?.position).toBe(first.position);
});

test('of a log that never had an entry, and then was trimmed, says that something is missing', async () => {
  const at = bench({ s: keyed() });
  const page = pages(at);
  expect(await page(null)).toMatchObject({ ids: [], position: null, truncated: false });
  await at.append('s', ...numbered(1, 5));
  expect(await page(null)).toMatchObject({ truncated: false });
  await at.trim('s', 2);
  expect(await page(null)).toMatchObject({ ids: ['4', '5'], truncated: true, anew: false });
});

test('behind a position that retention took begins at the oldest', async () => {
  const at = bench({ s: keyed() });
  const page = pages(at);
  await at.append('s', ...numbered(1, 3));
  const { position } = await page(null, { most: 1 });
  await at.trim('s', 1);
  expect(await page(position)).toMatchObject({ ids: ['3'], truncated: true, anew: false });
});

test('of another history begins anew and says so', async () => {
  const [before, at] = [bench({ s: keyed() }), bench({ s: keyed() }, {}, createMemoryStore())];
  await before.append('s', ...numbered(1, 3));
  const { position } = await pages(before)(null);
  await at.append('s', ...numbered(7, 8));
  expect(await pages(at)(position)).toMatchObject({ ids: ['7', '8'], truncated: true, anew: true });
});

test('passes over what is not selected, and moves on behind it', async () => {
  const at = bench({ s: keyed() });
  const page = pages(at, { where: { v: { above: 3 } } });
  await at.append('s', ...numbered(1, 5));
  const first = await page(null);
  expect(first.ids).toEqual(['4', '5']);
  await at.append('s', ...numbered(1, 3));
  const second = await page(first.position);
  expect(second).toMatchObject({ ids: [], hasMore: false, truncated: false });
  expect(second.position).not.toBe(first.position);
});

test('leaves what is too large for it to the next one, and takes the first whatever its size', async () => {
  const at = bench({ s: keyed() });
  const page = pages(at);
  await at.append('s', ...numbered(1, 3));
  const first = await page(null, { characters: 10 });
  expect(first).toMatchObject({ ids: ['1'], hasMore: true });
  expect(await page(first.position, { characters: 10 })).toMatchObject({ ids: ['2'], hasMore: true });
});

test('passes over what happened too long ago, and says that it did', async () => {
  const at = bench({ s: keyed() });
  const page = pages(at);
  await at.append('s', { id: 'old', key: 'k', time: START - 10_000, data: { v: 1 } });
  await at.append('s', { id: 'new', key: 'k', time: START, data: { v: 2 } });
  expect(await page(null, { notBefore: START - 5_000 })).toMatchObject({ ids: ['new'], truncated: true });
  expect(await page(null, { notBefore: START - 10_000 })).toMatchObject({ ids: ['old', 'new'], truncated: false });
});

test('a gap of the stream says that something is missing, but for other keys; a removal does not', async () => {
  const at = bench({ s: keyed() });
  const [all, ofKey] = [pages(at), pages(at, { keys: ['k'] })];
  const gap = { id: 'g', data: null, meta: { gap: { reason: 'overflow' } } };
  await at.append('s', ...numbered(1, 1));
  const { position } = await all(null);
  await at.append('s', { ...gap, key: 'other' });
  expect(await all(position)).toMatchObject({ ids: [], truncated: true });
  const after = await ofKey(position);
  expect(after).toMatchObject({ ids: [], truncated: false });
  await at.append('s', { ...gap, id: 'r', meta: { gap: { reason: 'removed' }, removal: { digest: 'x' } } });
  expect(await all(after.position)).toMatchObject({ ids: [], truncated: false });
  await at.append('s', { ...gap, id: 'h' });
  expect(await ofKey(after.position)).toMatchObject({ ids: [], truncated: true });
});

test('the log of a selection is that of its stream', () => {
  const at = bench({ s: keyed() });
  const selection = findSource(eventSources(at.app), 'stream.s').select({});
  expect(logOf({ tenant: TENANT }, selection)).toBe(streamLog(TENANT, 's'));
});
