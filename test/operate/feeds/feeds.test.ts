/** What operators do to feeds: every host obeys, nothing is lost, and agents read what was done. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import type { BurstContext, FeedBatch } from '../../../src/declare/feed.ts';
import { ingest } from '../../../src/feeds/run/run.ts';
import { feedKey } from '../../../src/feeds/records/state.ts';
import { feedRecord, readState } from '../../../src/feeds/records/state-record.ts';
import { type App, defineApp, http, stream } from '../../../src/index.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { storedFamilies } from '../../../src/http/observe/stored-families.ts';
import { scopeOf } from '../../../src/streams/scope.ts';
import { readNote } from '../../../src/tools/feed-note.ts';
import { feedOf } from '../../feeds/run/stage.ts';
import { acting } from '../act.ts';

const Reading = z.object({ n: z.number() });

/** A source of numbers, of which each burst takes the next. */
function counting(onBurst: () => Promise<void> = async () => {}): App {
  async function* burst({ position }: BurstContext): AsyncIterable<FeedBatch> {
    const from = typeof position === 'number' ? position : 0;
    await onBurst();
    yield { items: [{ stream: 'readings', data: { n: from }, bytes: 10 }], position: from + 1, last: true };
  }
  return defineApp({
    name: 'stores',
    version: '1',
    description: 'Counts',
    streams: {
      readings: stream({ description: 'Readings', schema: Reading, feed: feedOf(burst, { everyMs: 3_600_000 }) }),
    },
  });
}

test('a feed is pulled, paused, left alone by every host, resumed, and reset', async () => {
  const store = createMemoryStore();
  const app = counting();
  const { act, lines, deps } = acting(app, store);
  const run = () => ingest(deps, deps.runtime.now() + 10_000);
  expect(await act('feeds list')).toMatchObject({ feeds: [{ feed: 'readings', state: 'never-run' }] });
  expect(await act('feeds pull', { feed: 'readings' })).toMatchObject({ outcome: 'pulled', events: 1, error: null });
  // It is not due for an hour, and is pulled all the same.
  expect(await act('feeds pull', { feed: 'readings' })).toMatchObject({ outcome: 'pulled', events: 1 });

  const paused = await act('feeds pause', { feed: 'readings', reason: 'maintenance' });
  expect(paused).toMatchObject({ changed: true, paused: { by: 'operator', reason: 'maintenance' } });
  expect(await act('feeds pause', { feed: 'readings' })).toMatchObject({ changed: false, paused: paused['paused'] });
  expect((await run()).feeds).toMatchObject([{ outcome: 'paused', state: 'paused', events: 0 }]);
  await expect(act('feeds pull', { feed: 'readings' })).rejects.toMatchObject({ code: 'invalid_input', field: 'feed' });
  const note = await readNote(scopeOf(deps, { tenant: 'public' }), app.streams.get('readings')!);
  expect(note).toMatchObject({ state: 'paused', paused: { reason: 'maintenance' } });
  const told = (await storedFamilies(deps)).find(({ name }) => name === 'tidegate_feed_state')?.samples ?? [];
  const standing = told.flatMap((sample) => ('value' in sample && sample.value === 1 ? [sample.labels] : []));
  expect(standing).toMatchObject([{ state: 'paused' }]);
  expect(await act('feeds reset', { feed: 'readings' })).toMatchObject({ position: 'forgotten', paused: true });

  expect(await act('feeds resume', { feed: 'readings' })).toMatchObject({ changed: true, paused: null });
  expect(await act('feeds resume', { feed: 'readings' })).toMatchObject({ changed: false });
  expect((await run()).feeds).toMatchObject([{ outcome: 'pulled', events: 1 }]);
  // It began anew: its first number came once more.
  const shown = await act('feeds show', { feed: 'readings' });
  expect(shown).toMatchObject({ bursts: 3, counts: { events: 3 }, position: '1', state: 'ok', paused: null });
  expect(lines().join('\n')).toContain('3 events');
});

test('a burst that is under way when its feed is paused stores nothing more, and its position stays', async () => {
  const store = createMemoryStore();
  const stage: { pause: () => Promise<unknown> } = { pause: async () => null };
  const app = counting(async () => void (await stage.pause()));
  const { act, deps } = acting(app, store);
  stage.pause = () => act('feeds pause', { feed: 'readings' });
  const report = await ingest(deps, deps.runtime.now() + 10_000);
  expect(report.feeds).toMatchObject([{ outcome: 'lost', events: 0 }]);
  stage.pause = async () => null;
  expect(await act('feeds show', { feed: 'readings' })).toMatchObject({ position: null, lease: null, state: 'paused' });
  await act('feeds resume', { feed: 'readings' });
  expect(await act('feeds pull', { feed: 'readings' })).toMatchObject({ outcome: 'pulled', events: 1 });
});

test('a feed that fails often is open, and its breaker is closed without its position', async () => {
  let fails = false;
  const { act, deps } = acting(
    counting(async () => (fails ? Promise.reject(new Error('gone')) : undefined)),
    createMemoryStore(),
  );
  await act('feeds pull', { feed: 'readings' });
  fails = true;
  for (let burst = 0; burst < 5; burst += 1) {
    expect(await act('feeds pull', { feed: 'readings' })).toMatchObject({ outcome: 'failed', error: {} });
  }
  expect(await act('feeds list')).toMatchObject({ feeds: [{ state: 'open', failures: 5 }] });
  fails = false;
  const reset = await act('feeds reset', { feed: 'readings', breaker: true });
  expect(reset).toEqual({ feed: 'readings', position: 'kept', to: null, failures: 5, paused: false });
  expect((await ingest(deps, deps.runtime.now() + 10_000)).feeds).toMatchObject([{ outcome: 'pulled', events: 1 }]);
  expect(await act('feeds show', { feed: 'readings' })).toMatchObject({ position: '2', failures: 0, state: 'ok' });
});

test('a feed by time is set to a time; of one that knows none that is refused, and nothing changes', async () => {
  const asked: string[] = [];
  const begun = Date.now();
  const runtime = { ...acting(counting(), createMemoryStore()).deps.runtime };
  const app = defineApp({
    name: 'stores',
    version: '1',
    description: 'By time',
    streams: {
      readings: stream({
        description: 'Readings',
        schema: z.looseObject({ n: z.number() }),
        feed: http({
          url: 'https://example.org/r?since={since}',
          since: { format: 'ms' },
        }),
      }),
    },
  });
  const fetch = async (input: string | URL | Request) => {
    asked.push(decodeURIComponent(String(input instanceof Request ? input.url : input)));
    return Response.json([]);
  };
  const { act } = acting(app, createMemoryStore(), { ...runtime, fetch, resolve: null });
  await act('feeds pull', { feed: 'readings' });
  const reset = await act('feeds reset', { feed: 'readings', to: '-30m' });
  expect(reset).toMatchObject({ position: 'set' });
  await act('feeds pull', { feed: 'readings' });
  expect(asked.map((url) => Math.round((begun - Number(url.split('since=')[1])) / 60_000))).toEqual([60, 30]);

  const counted = acting(counting(), createMemoryStore());
  await counted.act('feeds pull', { feed: 'readings' });
  await expect(counted.act('feeds reset', { feed: 'readings', to: '-2h' })).rejects.toMatchObject({ field: 'to' });
  expect(await counted.act('feeds show', { feed: 'readings' })).toMatchObject({ position: '1' });
});

test('a paused feed is of the next version, which the release before leaves alone; a resumed one is of its own again', async () => {
  const store = createMemoryStore();
  const { act, deps } = acting(counting(), store);
  const stored = async () => {
    const reading = await store.get(feedKey('public', 'readings'), deps.runtime.now());
    return { value: 'value' in reading ? reading.value : null, state: readState(reading) };
  };
  await act('feeds pull', { feed: 'readings' });
  expect((await stored()).value).not.toHaveProperty('$v');
  await act('feeds pause', { feed: 'readings' });
  expect((await stored()).value).toMatchObject({ $v: 2, value: { paused: { by: 'operator' } } });
  await act('feeds resume', { feed: 'readings' });
  expect((await stored()).value).not.toHaveProperty('$v');
  expect(feedRecord.version).toBe(2);
});

test('what all tenants share is left alone by an operator of one of them', async () => {
  const { act } = acting(counting(), createMemoryStore());
  const acme = { tenant: 'acme', ofApp: false };
  for (const name of ['feeds pause', 'feeds resume', 'feeds reset', 'feeds pull']) {
    await expect(act(name, { feed: 'readings' }, acme)).rejects.toMatchObject({ code: 'invalid_input' });
  }
  expect(await act('feeds list', {}, acme)).toMatchObject({ feeds: [{ state: 'never-run' }] });
  await expect(act('feeds pause', { feed: 'raedings' })).rejects.toMatchObject({
    code: 'not_found',
    expected: expect.stringContaining('did you mean readings?') as string,
  });
});
