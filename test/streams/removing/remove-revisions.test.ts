/** Removals in logs of revised events that are longer than one step of the sweep: a revision that no longer counts stays away. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { defineApp } from '../../../src/declare/check/define-app.ts';
import { stream } from '../../../src/declare/stream.ts';
import { createTestApp } from '../../../src/hosts/testing/test-app.ts';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { findStream } from '../../../src/streams/find-stream.ts';
import { createFallback } from '../../../src/streams/removing/fallback.ts';
import { leaveRevised } from '../../../src/streams/removing/later-revisions.ts';
import { streamLog } from '../../../src/streams/log/stream-log.ts';
import { scopeOfLogs } from '../../../src/streams/scope.ts';

const AT = Date.UTC(2026, 4, 1);
const NOW = AT + 86_400_000;
/** Entries of one step of the sweep. */
const STEP = 20_000;

const schema = z.object({ id: z.string(), key: z.string(), at: z.number(), version: z.number() });
const app = defineApp({
  name: 'revised',
  version: '1.0.0',
  description: 'One stream',
  streams: {
    orders: stream({ description: 'orders', schema, key: 'key', time: 'at', id: 'id', revision: 'version' }),
  },
});

type Order = z.output<typeof schema>;
const order = (id: string, n: number, version = 1, key = 'a'): Order => ({ id, key, at: AT + n, version });
const others = (count: number, name: string, key = 'a') =>
  Array.from({ length: count }, (_, n) => order(`${name}${n}`, n, 1, key));

/** An app whose log holds the orders, and then one more of key `a` that is the latest by far, which is removed. */
async function removedOf(orders: readonly Order[]) {
  const store = createMemoryStore();
  const lines: string[] = [];
  const made = createTestApp(app, { at: NOW, store, log: (_level, message) => lines.push(message) });
  const log = streamLog('public', 'orders');
  for (let from = 0; from < orders.length; from += 1_000) {
    const entries = orders.slice(from, from + 1_000).map((data) => {
      return { id: data.id, revision: String(data.version), key: data.key, time: data.at, data };
    });
    const options = { id: `fill ${from}`, now: NOW, deadline: NOW + 1_000 };
    await store.commit([{ kind: 'append', log, entries }], options);
  }
  await made.streams.append('orders', order('last', 80_000_000));
  await made.streams.remove('orders', { id: 'last' });
  return { ...made, lines, store };
}

const latestOf = async ({ streams }: Awaited<ReturnType<typeof removedOf>>) => {
  const event = await streams.latest('orders', 'a');
  return event && [event.id, event.revision, event.time - AT];
};

test('an old revision beyond the first step, later in time than all that is left, does not come back', async () => {
  const moved = [order('moved', 70_000_000), ...others(STEP + 5_000, 'x'), order('moved', 1, 2)];
  const made = await removedOf([...moved, ...others(5_000, 'y')]);
  await made.sweep();
  expect(await latestOf(made)).toEqual([`x${STEP + 4_999}`, '1', STEP + 4_999]);
  expect(made.lines).toEqual([]);
});

test('an event beyond the first step that is still what it was becomes the latest', async () => {
  const stays = [order('stays', 60_000_000), order('moved', 70_000_000), ...others(STEP + 5_000, 'x')];
  const made = await removedOf([...stays, order('moved', 1, 2), ...others(5_000, 'y')]);
  await made.sweep();
  expect(await latestOf(made)).toEqual(['stays', '1', 60_000_000]);
});

test('of revisions with numbers the greater one counts, although it arrived first and in another step', async () => {
  const made = await removedOf([order('one', 10, 3), ...others(STEP + 5_000, 'x', 'b'), order('one', 20, 2)]);
  await made.sweep();
  expect(await latestOf(made)).toEqual(['one', '3', 10]);
});

test('more ids of one key than a step can hold apart are told apart all the same', async () => {
  const made = await removedOf([order('moved', 70_000_000), ...others(STEP - 10, 'x'), order('moved', 1, 2)]);
  await made.sweep();
  expect(await latestOf(made)).toEqual([`x${STEP - 11}`, '1', STEP - 11]);
});

test.each([
  ['too_long', 2, NOW + 1],
  ['late', 300, NOW],
  ['known', 4, NOW + 1],
] as const)(
  'what is %s of the later part of a log decides whether a candidate stands',
  async (answer, reads, deadline) => {
    const { store } = await removedOf(others(3_000, 'x'));
    const runtime = { ...systemRuntime(() => {}), now: () => NOW };
    const scope = scopeOfLogs({ app, store, runtime }, { tenant: 'public' });
    const fallback = createFallback(new Set(['a']), { keyed: true, revised: true, furthest: Infinity });
    const log = streamLog('public', 'orders');
    const first = await store.read(log, null, 1);
    const from = first.start ?? '';
    fallback.take({ ...order('old', 1), time: AT + 70_000_001 } as never, {
      value: null,
      appendedAt: AT,
      cursor: from,
    });
    expect(await leaveRevised(scope, findStream(app, 'orders'), fallback, { from, deadline, reads })).toBe(answer);
    expect(fallback.found().size).toBe(answer === 'known' ? 1 : 0);
  },
);
