import * as z from 'zod';
import { expect, test } from 'vitest';
import { stream } from '../../../src/declare/stream.ts';
import type { StreamEvent } from '../../../src/base/event.ts';
import { findStream } from '../../../src/streams/find-stream.ts';
import { type TailOptions, tailStream } from '../../../src/streams/history/tail.ts';
import { type Bench, bench, seeded, START, TENANT } from './fixture.ts';
import { scopeOfLogs } from '../../../src/streams/scope.ts';

const one = () =>
  bench({
    s: stream({ description: 'S', schema: z.object({ v: z.number() }), key: () => 'k' }),
    other: stream({ description: 'O', schema: z.object({ v: z.number() }) }),
  });
const tail = (at: Bench, options: Partial<TailOptions> = {}) =>
  tailStream(scopeOfLogs(at.deps, { tenant: TENANT }), findStream(at.app, 's'), {
    cursor: null,
    maxEvents: 100,
    timeoutMs: 10_000,
    settleMs: 25_000,
    signal: new AbortController().signal,
    deadline: START + 3_600_000,
    ...options,
  });
const ids = (events: readonly StreamEvent[]) => events.map(({ id }) => id);

test('from now on: what stands there already is not given, what comes is, as it comes', async () => {
  const at = one();
  await at.append('s', { id: 'before' });
  at.whileAsleep.push(
    () => {},
    () => at.append('s', { id: '1' }, { id: '2' }),
    () => {},
    () => at.append('s', { id: '3' }),
  );
  const batches: string[][] = [];
  const answer = await tail(at, { onEvents: (events) => void batches.push(ids(events)) });
  expect(ids(answer.events)).toEqual(['1', '2', '3']);
  expect(batches).toEqual([['1', '2'], ['3']]);
  expect(answer).toMatchObject({ ended: 'settled', truncated: false });
  expect(at.clock.now).toBe(START + 10_000);
});

test('ends as soon as it has the events that it was asked for, and leaves the rest to the cursor', async () => {
  const at = one();
  at.whileAsleep.push(() => at.append('s', { id: '1' }, { id: '2' }, { id: '3' }));
  const first = await tail(at, { maxEvents: 2 });
  expect([ids(first.events), first.ended, at.clock.now - START]).toEqual([['1', '2'], 'count', 250]);
  const second = await tail(at, { cursor: first.cursor, timeoutMs: 0 });
  expect([ids(second.events), second.ended]).toEqual([['3'], 'settled']);
});

test('answers a moment after the first events came, with what came meanwhile, and misses nothing', async () => {
  const at = one();
  at.whileAsleep.push(
    () => {},
    () => at.append('s', { id: '1' }),
    () => at.append('s', { id: '2' }),
    () => {},
    () => at.append('s', { id: '3' }),
  );
  const first = await tail(at, { settleMs: 1_000 });
  expect([ids(first.events), first.ended, at.clock.now - START]).toEqual([['1', '2', '3'], 'settled', 1_750]);
  await at.append('s', { id: '4' });
  const { now } = at.clock;
  const second = await tail(at, { cursor: first.cursor, settleMs: 0 });
  expect([ids(second.events), second.ended, at.clock.now]).toEqual([['4'], 'settled', now]);
  const third = await tail(at, { cursor: second.cursor, settleMs: 1_000, timeoutMs: 5_000 });
  expect([third.events, third.ended, at.clock.now]).toEqual([[], 'time', now + 5_000]);
});

test('idle, its pauses grow to two seconds; calls to the store stay few', async () => {
  const at = one();
  const answer = await tail(at, { timeoutMs: 60_000 });
  expect(at.clock.now - START).toBe(25_000);
  expect(answer.storeCalls).toBe(at.calls.length);
  expect(at.calls.filter((name) => name === 'read').length).toBeLessThanOrEqual(17);
});

test('busy, it still makes no more than a call each 250 ms', async () => {
  const at = one();
  for (let index = 0; index < 200; index += 1) at.whileAsleep.push(() => at.append('s', { id: `${index}` }));
  const answer = await tail(at, { timeoutMs: 25_000 });
  expect(answer.storeCalls).toBeLessThanOrEqual(102);
  expect(answer.events.length).toBe(100);
});

test('a stream that had no event gives its first one', async () => {
  const at = one();
  const { cursor } = await tail(at, { timeoutMs: 0 });
  at.whileAsleep.push(() => at.append('s', { id: 'first' }));
  expect(ids((await tail(at, { maxEvents: 1 })).events)).toEqual(['first']);
  expect(ids((await tail(at, { cursor, timeoutMs: 0 })).events)).toEqual(['first']);
});

test('a cursor that a trim has overtaken begins at the oldest event and says so', async () => {
  const at = one();
  await at.append('s', { id: '0' });
  const { cursor } = await tail(at, { timeoutMs: 0 });
  await at.append('s', { id: '1' }, { id: '2' }, { id: '3' });
  await at.trim('s', 2);
  expect(await tail(at, { cursor, timeoutMs: 0 })).toMatchObject({
    truncated: true,
    events: [{ id: '2' }, { id: '3' }],
  });
});

test('ends before its deadline, and at once when the caller goes away, each time with a cursor', async () => {
  const at = one();
  await at.append('s', { id: '0' });
  const near = await tail(at, { deadline: START + 3_000 });
  expect([near.ended, at.clock.now]).toEqual(['time', START + 2_500]);

  const abort = new AbortController();
  at.whileAsleep.push(() => abort.abort());
  const cancelled = await tail(at, { signal: abort.signal });
  expect(cancelled.ended).toBe('cancelled');
  expect(cancelled.cursor).toBe(near.cursor);
});

test('keys leave out others, but no gap, and the cursor passes over them', async () => {
  const at = one();
  at.whileAsleep.push(() =>
    at.append('s', { id: 'a', key: 'a' }, { id: 'b', key: 'b' }, { id: 'gap', meta: { gap: { reason: 'lost' } } }),
  );
  const answer = await tail(at, { keys: new Set(['b']) });
  expect(ids(answer.events)).toEqual(['b', 'gap']);
  expect((await tail(at, { cursor: answer.cursor, timeoutMs: 0 })).events).toEqual([]);
});

test('keys of which little comes: what others put there is passed over by the page, without a pause', async () => {
  const at = one();
  await at.append('s', { id: 'first', key: 'k' });
  const { cursor } = await tail(at, { timeoutMs: 0 });
  const others = Array.from({ length: 2_500 }, (_, index) => ({ id: `${index}`, key: 'other' }));
  const found = ['1st', '2nd', '3rd'].map((id) => ({ id, key: 'wanted' }));
  await at.append('s', ...others, ...found);
  const options = { keys: new Set(['wanted']), maxEvents: 1 };
  const answer = await tail(at, { ...options, cursor });
  expect([ids(answer.events), answer.ended, answer.storeCalls, at.clock.now]).toEqual([['1st'], 'count', 3, START]);
  // The cursor stands right behind what was given, not behind the page that was read.
  const rest = await tail(at, { ...options, cursor: answer.cursor, maxEvents: 10, timeoutMs: 0 });
  expect([ids(rest.events), rest.ended]).toEqual([['2nd', '3rd'], 'settled']);
  const waiting = await tail(at, { ...options, cursor, maxEvents: 3, timeoutMs: 0 });
  expect([ids(waiting.events), waiting.ended]).toEqual([['1st', '2nd', '3rd'], 'count']);
});

test('keys that never come: calls to the store stay bounded however much else there is', async () => {
  const at = one();
  await at.append('s', { id: 'first', key: 'k' });
  const { cursor } = await tail(at, { timeoutMs: 0 });
  const others = Array.from({ length: 9_000 }, (_, index) => ({ id: `${index}`, key: 'other' }));
  for (let round = 0; round < 4; round += 1) await at.append('s', ...others);
  const answer = await tail(at, { keys: new Set(['wanted']), cursor, timeoutMs: 1_000 });
  expect([answer.events, answer.ended, at.clock.now]).toEqual([[], 'time', START + 1_000]);
  expect(answer.storeCalls).toBe(25);
  const next = await tail(at, { keys: new Set(['wanted']), cursor: answer.cursor, timeoutMs: 0 });
  expect(next.storeCalls).toBe(12);
});

test('long events end it early, with a cursor before the one that did not fit', async () => {
  const at = one();
  const data = { v: 1, text: 'x'.repeat(300_000) };
  at.whileAsleep.push(() => at.append('s', ...['1', '2', '3', '4', '5'].map((id) => ({ id, data }))));
  const first = await tail(at);
  expect([ids(first.events), first.ended]).toEqual([['1', '2', '3'], 'count']);
  expect(ids((await tail(at, { cursor: first.cursor, timeoutMs: 0 })).events)).toEqual(['4', '5']);
});

test.each([1, 2, 3, 4])('seed %i: tails in a row give every event once and in order', async (seed) => {
  const random = seeded(seed);
  const at = one();
  await at.append('s', { id: 'begin' });
  let { cursor } = await tail(at, { timeoutMs: 0 });
  const seen: string[] = [];
  let made = 0;
  const some = () => {
    const drafts = Array.from({ length: Math.floor(random() * 5) }, () => ({ id: `${(made += 1)}` }));
    return drafts.length > 0 ? at.append('s', ...drafts) : undefined;
  };
  for (let call = 0; call < 40; call += 1) {
    at.whileAsleep.push(some, some, some);
    const options = { cursor, maxEvents: 1 + Math.floor(random() * 6), timeoutMs: Math.floor(random() * 2_000) };
    const answer = await tail(at, options);
    expect(answer.events.length).toBeLessThanOrEqual(options.maxEvents);
    seen.push(...ids(answer.events));
    ({ cursor } = answer);
    await some();
  }
  seen.push(...ids((await tail(at, { cursor, maxEvents: 1_000, settleMs: 0, timeoutMs: 0 })).events));
  expect(seen).toEqual(Array.from({ length: made }, (_, index) => `${index + 1}`));
});

test('a cursor of another stream, or what is none, is refused before anything is read', async () => {
  const at = one();
  await at.append('other', { id: '0' });
  const other = await tailStream(scopeOfLogs(at.deps, { tenant: TENANT }), findStream(at.app, 'other'), {
    cursor: null,
    maxEvents: 1,
    settleMs: 0,
    timeoutMs: 0,
    signal: new AbortController().signal,
    deadline: START + 60_000,
  });
  at.calls.length = 0;
  for (const cursor of [other.cursor, 'nonsense', '']) {
    await expect(tail(at, { cursor })).rejects.toMatchObject({ code: 'bad_cursor' });
  }
  expect(at.calls).toEqual([]);
});

test('a clock that is set back by an hour while it waits makes it wait no longer', async () => {
  const at = one();
  at.whileAsleep.push(
    () => {},
    () => void (at.clock.now -= 3_600_000),
  );
  const answer = await tail(at);
  expect(answer).toMatchObject({ ended: 'time' });
  expect(at.clock.now + 3_600_000 - START).toBeLessThan(15_000);
});
