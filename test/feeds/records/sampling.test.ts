import { describe, expect, test } from 'vitest';
import type { Sampling } from '../../../src/declare/feed.ts';
import { stream } from '../../../src/declare/stream.ts';
import type { LoggedEvent } from '../../../src/base/event.ts';
import type { Json } from '../../../src/base/json.ts';
import { ingest } from '../../../src/feeds/run/run.ts';
import {
  createSampler,
  type SamplingState,
  MOST_SLOTS,
  MOST_STATE_BYTES,
} from '../../../src/feeds/records/sampling.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { feedOf, identified, items, Reading, reading, settle, stageOf, START } from '../run/stage.ts';

function event(n: number, value = n, key = 'a', time = n): LoggedEvent {
  return { id: `e${n}`, key, time, data: { value } };
}

/** Takes events one by one, each in a burst of its own: nothing but the state is carried over. */
function sample(sampling: Sampling, events: readonly LoggedEvent[]) {
  let state: SamplingState | null = null;
  const kept: Json[] = [];
  for (const one of events) {
    const sampler = createSampler(sampling, state);
    for (const { event: out } of sampler.take('s', one, 50, 1_000_000)) kept.push(out.data);
    state = JSON.parse(JSON.stringify(sampler.state())) as SamplingState;
  }
  return { kept, state };
}

const values = (kept: readonly Json[]) => kept.map((data) => (data as { value: number }).value);

describe('sampling', () => {
  test('every nth event of each key', () => {
    const events = [1, 2, 3, 4, 5, 6, 7].flatMap((n) => [event(n), event(n, n + 100, 'b')]);
    expect(values(sample({ every: 3 }, events).kept)).toEqual([1, 101, 4, 104, 7, 107]);
  });

  test.each([
    [{ windowMs: 10, reduce: 'first' }, [4, 9]],
    [{ windowMs: 10, reduce: 'last' }, [6, 7]],
    [{ windowMs: 10, reduce: 'min', field: 'value' }, [2, 7]],
    [{ windowMs: 10, reduce: 'max', field: 'value' }, [6, 9]],
    [{ windowMs: 10, reduce: 'mean', field: 'value' }, [4, 8]],
  ] as [Sampling, number[]][])('%o', (sampling, expected) => {
    const events = [event(1, 4), event(3, 2), event(9, 6), event(11, 9), event(19, 7), event(20, 1)];
    expect(values(sample(sampling, events).kept)).toEqual(expected);
  });

  test('leaves out what comes for a window that was closed', () => {
    expect(values(sample({ windowMs: 10, reduce: 'last' }, [event(5), event(15), event(6), event(25)]).kept)).toEqual([
      5, 15,
    ]);
  });

  test.each([3_600_000, 86_400_000])(
    'a window that a clock %d ms ahead has opened is over when that is right',
    (ahead) => {
      const sampling: Sampling = { windowMs: 60_000, reduce: 'last' };
      const early = createSampler(sampling, null);
      early.take('s', event(1, 1, 'a', START + ahead), 50, START + ahead);
      const state = JSON.parse(JSON.stringify(early.state())) as SamplingState;
      expect(createSampler(sampling, state).close(START)).toHaveLength(1);
      const sampler = createSampler(sampling, state);
      expect(sampler.take('s', event(2, 2, 'a', START), 50, START)).toHaveLength(1);
      expect(sampler.close(START + 59_999)).toEqual([]);
      expect(sampler.close(START + 60_000)).toMatchObject([{ event: { data: { value: 2 } } }]);
    },
  );

  test('lets events pass that lack the field', () => {
    const odd = { id: 'x', key: 'a', time: 1, data: { other: 1 } };
    expect(sample({ windowMs: 10, reduce: 'mean', field: 'value' }, [odd]).kept).toEqual([{ other: 1 }]);
  });

  test('closes windows by the clock, each once, when they have been open for their length', () => {
    const sampler = createSampler({ windowMs: 10, reduce: 'last' }, null);
    sampler.take('s', event(101), 50, 103);
    expect(sampler.close(112)).toEqual([]);
    expect(sampler.close(113)).toEqual([{ stream: 's', event: event(101) }]);
    expect(sampler.close(200)).toEqual([]);
  });

  test('an event of the future counts as one of now: its key is not held back, nor thinned less', () => {
    for (const [reduce, expected] of [
      ['first', [1, 25]],
      ['last', [15, 35]],
    ] as const) {
      const sampler = createSampler({ windowMs: 20, reduce }, null);
      const stored: Json[] = [];
      for (const now of [1, 5, 15, 25, 35]) {
        const dated = event(now, now, 'a', now === 5 ? 1e9 : now);
        for (const closed of [sampler.close(now), sampler.take('s', dated, 50, now)]) {
          stored.push(...closed.map(({ event: out }) => out.data));
        }
      }
      stored.push(...sampler.close(45).map(({ event: out }) => out.data));
      expect(values(stored)).toEqual(expected);
    }
  });

  test('a source whose clock runs ahead is thinned by ours', () => {
    const sampler = createSampler({ windowMs: 10, reduce: 'last' }, null);
    const stored = Array.from({ length: 100 }, (_, now) => [
      ...sampler.close(now),
      ...sampler.take('s', event(now, now, 'a', now + 500), 50, now),
    ]);
    expect(stored.flat()).toHaveLength(9);
  });

  test('takes its last step back', () => {
    const sampler = createSampler({ windowMs: 10, reduce: 'mean', field: 'value' }, null);
    sampler.take('s', event(1), 50, 100);
    const before = JSON.stringify(sampler.state());
    const first = sampler.take('s', event(11), 50, 100);
    sampler.undo();
    expect(JSON.stringify(sampler.state())).toBe(before);
    expect(sampler.take('s', event(11), 50, 100)).toEqual(first);
  });

  test('holds a bounded state: of too many keys those seen longest ago are closed first', () => {
    const many = Array.from({ length: MOST_SLOTS * 2 }, (_, n) => event(n, n, `key ${n}`));
    for (const sampling of [{ every: 5 }, { windowMs: 1e6, reduce: 'last' }] as Sampling[]) {
      const { kept, state } = sample(sampling, many);
      expect((state as Json[]).length).toBeLessThanOrEqual(MOST_SLOTS);
      expect(JSON.stringify(state).length).toBeLessThanOrEqual(MOST_STATE_BYTES);
      if ('windowMs' in sampling) expect(values(kept)).toEqual(values(many.slice(0, kept.length).map((e) => e.data)));
    }
  });

  test('of a feed spans its bursts, and what a window holds is stored in the end', async () => {
    const batches = [
      [1, 5, 11],
      [12, 18, 21],
    ].map((ns) => ns.map((n) => reading(n, 'a', START + (n - 30) * 1_000)));
    const feed = feedOf(
      async function* ({ position }) {
        const at = (position as number | null) ?? 0;
        yield { items: items(batches[at] ?? []), position: at + 1, last: true };
      },
      { sample: { windowMs: 10_000, reduce: 'mean', field: 'value' } },
    );
    const stage = stageOf({ streams: { readings: identified(feed) } });
    const stored = async () => (await stage.events()).map(({ data }) => (data as { value: number }).value);
    expect(await stage.run()).toMatchObject({ events: 1, thinned: 2 });
    expect(await stored()).toEqual([3]);
    await stage.clock.advance(60_000);
    await stage.run();
    expect(await stored()).toEqual([3, (11 + 12 + 18) / 3]);
    await stage.clock.advance(60_000);
    expect(await stage.run()).toMatchObject({ events: 1 });
    expect(await stored()).toEqual([3, (11 + 12 + 18) / 3, 21]);
  });

  test('loses nothing where a batch is committed in parts, nor where its worker dies between them', async () => {
    const Long = Reading.extend({ text: Reading.shape.sensor });
    const data = Array.from({ length: 60 }, (_, n) => ({
      ...reading(n, 'a', START + (n - 60) * 10),
      text: 'x'.repeat(20_000),
    }));
    const feed = feedOf(
      async function* ({ position }) {
        yield { items: position === 'end' ? [] : items(data), position: 'end', last: true };
      },
      { sample: { windowMs: 10, reduce: 'last' } },
    );
    for (const nth of [Number.POSITIVE_INFINITY, 2, 3, 4]) {
      const store = createMemoryStore({ limits: { commitOperations: 90, commitBytes: 500_000 } });
      const long = stream({ description: 'long', schema: Long, key: 'sensor', time: 'at', feed });
      const stage = stageOf({ streams: { readings: long } }, store);
      const { deps } = stage.worker((_, number, next) => (number < nth ? next() : new Promise(() => {})));
      void ingest(deps, stage.clock.now + 60_000);
      await settle();
      await stage.clock.advance(61_000);
      await stage.run();
      await stage.clock.advance(61_000);
      await stage.run();
      const stored = (await stage.events()).map(({ data: kept }) => (kept as { value: number }).value);
      expect(stored).toEqual(data.map(({ value }) => value));
    }
  });
});
