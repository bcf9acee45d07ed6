/** A source that lists all that it has with each answer, and more than a stream's `dedupe`. */
import { expect, it } from 'vitest';
import * as z from 'zod';
import { countCalls } from '../../src/store/counting.ts';
import { text } from '../services/http-feed.ts';
import { startHttpStage } from './http-stage.ts';

const Item = z.object({ id: z.string(), revision: z.number() });
const items = (count: number, revisionOf: (n: number) => number = () => 0, name = 'i') =>
  text(JSON.stringify(Array.from({ length: count }, (_, n) => ({ id: `${name}${n}`, revision: revisionOf(n) }))));

it.each([1_001, 2_500, 9_000])('a list of %i ids, polled seven times, gives each once', async (count) => {
  await using stage = await startHttpStage(Item, { id: 'id' });
  stage.source.on('/feed', items(count));
  for (let poll = 0; poll < 7; poll += 1) await stage.poll();
  expect(new Set(await stage.ids()).size).toBe(count);
  expect(await stage.ids()).toHaveLength(count);
  expect((await stage.status())?.counts).toMatchObject({ events: count, duplicates: 6 * count });
  expect((await stage.status())?.repeatsBeyond).toEqual([]);
});

it('two lists of 1,500 ids that a source answers by turns give each once', async () => {
  await using stage = await startHttpStage(Item, { id: 'id' });
  for (let poll = 0; poll < 8; poll += 1) {
    stage.source.on(
      '/feed',
      items(1_500, () => 0, poll % 2 === 0 ? 'a' : 'b'),
    );
    await stage.poll();
  }
  expect(await stage.ids()).toHaveLength(3_000);
  expect((await stage.status())?.counts).toMatchObject({ events: 3_000, duplicates: 9_000 });
});

it('a list of which some are revised each time gives each revision once', async () => {
  await using stage = await startHttpStage(Item, { id: 'id', revision: 'revision' });
  for (let poll = 0; poll < 7; poll += 1) {
    stage.source.on(
      '/feed',
      items(800, (n) => (n < 300 ? poll : 0)),
    );
    await stage.poll();
  }
  expect(await stage.ids()).toHaveLength(800 + 6 * 300);
});

it('delivery stays in doubt once a source repeated more than is looked through', async () => {
  await using stage = await startHttpStage(Item, { id: 'id' });
  const told: (number | null | undefined)[] = [];
  const doubled = async () => (await stage.ids()).filter((id) => id === 'staying').length;
  for (let poll = 0; poll < 5; poll += 1) {
    const others = Array.from({ length: 7_000 }, (_, n) => ({ id: `${poll} ${n}`, revision: 0 }));
    stage.source.on('/feed', text(JSON.stringify([{ id: 'staying', revision: 0 }, ...others])));
    await stage.poll();
    told.push((await stage.status())?.lastDoubtAt);
  }
  expect(await doubled()).toBeGreaterThan(1);
  expect(told.slice(0, 3)).toEqual([null, null, null]);
  expect(told.slice(3)).toEqual([expect.any(Number), told[3]]);
});

it('a list that comes in several bursts gives each id once', async () => {
  await using stage = await startHttpStage(Item, { id: 'id', feed: { budget: { events: 700 } } });
  stage.source.on('/feed', items(1_900));
  for (let poll = 0; poll < 12; poll += 1) await stage.poll();
  expect(await stage.ids()).toHaveLength(1_900);
});

it('a source that goes on from a cursor costs no more calls than before, but once', async () => {
  await using stage = await startHttpStage(Item, {
    id: 'id',
    feed: { cursor: { from: 'id', of: 'item', param: 'after' }, maxPages: 1, everyMs: 1_000 },
  });
  let served = 0;
  stage.source.on('/feed', (_request, response) => {
    const rows = Array.from({ length: 3_000 }, () => ({ id: `i${(served += 1)}`, revision: 0 }));
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(rows));
  });
  const { store, calls } = countCalls(stage.stage.store);
  stage.stage.deps.store = store;
  const read: number[] = [];
  for (let poll = 0; poll < 4; poll += 1) {
    const before = calls().last ?? 0;
    await stage.poll();
    read.push((calls().last ?? 0) - before);
  }
  expect(await stage.ids()).toHaveLength(12_000);
  expect(read.slice(2)).toEqual([1, 1]);
});
