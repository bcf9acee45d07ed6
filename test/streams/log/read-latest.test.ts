/** Whoever reads latest events obeys a removal from its commit on, also where the process that removes ends behind it. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { systemRuntime } from '../../../src/base/runtime.ts';
import type { EventSelector } from '../../../src/declare/app-streams.ts';
import { defineApp } from '../../../src/declare/check/define-app.ts';
import { stream } from '../../../src/declare/stream.ts';
import { createTestApp } from '../../../src/hosts/testing/test-app.ts';
import { countCalls } from '../../../src/store/counting.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import type { Store } from '../../../src/store/store.ts';
import { findStream } from '../../../src/streams/find-stream.ts';
import {
  eachLatest,
  readKeys,
  readLatest,
  readLatestByKey,
  readLatestOf,
} from '../../../src/streams/log/read-latest.ts';
import { scopeOfLogs } from '../../../src/streams/scope.ts';

const AT = Date.UTC(2026, 4, 1);
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NOW = AT + HOUR_MS;
const schema = z.object({ id: z.string(), key: z.string(), at: z.number() });
const app = defineApp({
  name: 'latest',
  version: '1.0.0',
  description: 'Three streams',
  streams: {
    keyed: stream({ description: 'with keys', schema, key: 'key', time: 'at', id: 'id' }),
    keyless: stream({ description: 'without keys', schema, time: 'at', id: 'id' }),
    hourly: stream({ description: 'kept for an hour', schema, time: 'at', retention: { ageMs: HOUR_MS } }),
  },
});

const event = (id: string, n: number, key = 'a') => ({ id, key, at: AT + n });

/** A store in which the next process that commits a removal ends behind it. */
async function dieBehindRemoval(store: Store, name: string, selector: EventSelector): Promise<void> {
  let isDead = false;
  const dying = createTestApp(app, {
    at: NOW,
    store: {
      ...store,
      async commit(...args) {
        if (isDead) throw new Error('killed');
        const result = await store.commit(...args);
        isDead = args[0].some((operation) => operation.kind === 'put' && operation.partition === 'public/removals');
        return result;
      },
    },
  });
  await expect(dying.streams.remove(name, selector)).rejects.toThrow('killed');
  expect(isDead).toBe(true);
}

test.each<[string, EventSelector]>([
  ['its id', { id: 'e2' }],
  ['its key', { key: 'a' }],
  ['a range', { from: AT + 2, to: AT + 3 }],
])('no reader gets an event that was removed by %s', async (_by, selector) => {
  const store = createMemoryStore();
  const healthy = createTestApp(app, { at: NOW, store });
  for (const one of [event('e1', 1), event('e2', 2), event('b1', 1, 'b')]) await healthy.streams.append('keyed', one);
  await dieBehindRemoval(store, 'keyed', selector);

  expect(await healthy.streams.latest('keyed', 'a')).toBeNull();
  expect((await healthy.streams.latestByKey('keyed')).events.map(({ id }) => id)).toEqual(['b1']);
  expect((await healthy.streams.keys('keyed')).values).toEqual(['b']);
  for (const input of [{}, { key: 'a' }]) {
    const { structured, text } = await healthy.call('read_latest', { stream: 'keyed', ...input });
    expect(JSON.stringify(structured)).not.toContain('e2');
    expect(text).not.toContain('e2');
  }
  expect((await healthy.call('list_streams', {})).structured).toMatchObject({ streams: [{ keys: ['b'] }, {}, {}] });
  await expect(healthy.request('resources/read', { uri: 'stream://keyed/a' })).rejects.toThrow();
  const scope = scopeOfLogs(
    { app, store, runtime: { ...systemRuntime(() => {}), now: () => NOW } },
    { tenant: 'public' },
  );
  for await (const events of eachLatest(scope, findStream(app, 'keyed'))) {
    expect(events.map(({ id }) => id)).toEqual(['b1']);
  }

  // The sweep puts what is left in its place.
  await healthy.sweep();
  const left = 'key' in selector ? null : { id: 'e1' };
  expect(await healthy.streams.latest('keyed', 'a').then((found) => found && { id: found.id })).toEqual(left);
});

test('nor of a stream without keys', async () => {
  const store = createMemoryStore();
  const healthy = createTestApp(app, { at: NOW, store });
  for (const n of [1, 2]) await healthy.streams.append('keyless', event(`e${n}`, n));
  await dieBehindRemoval(store, 'keyless', { id: 'e2' });
  expect(await healthy.streams.latest('keyless')).toBeNull();
  expect((await healthy.call('read_latest', { stream: 'keyless' })).structured).toMatchObject({ events: [] });
  await healthy.sweep();
  expect(await healthy.streams.latest('keyless')).toMatchObject({ id: 'e1' });
});

test('what no age limits stays the latest of a stream without keys, and that of a key for 30 days', async () => {
  const made = createTestApp(app, { at: NOW });
  await made.streams.append('keyless', event('e1', 1));
  await made.streams.append('keyed', event('k1', 1));
  await made.advance(31 * DAY_MS);
  expect(await made.streams.latest('keyless')).toMatchObject({ id: 'e1' });
  expect((await made.call('read_latest', { stream: 'keyless' })).text).toMatch(/\(31 d\S* ago\)/);
  for (const input of [{}, { key: 'a' }]) {
    const { text, structured } = await made.call('read_latest', { stream: 'keyed', ...input });
    expect(text).toContain('A latest event is kept for 30d after it arrived.');
    expect(structured).toMatchObject({ events: [], hint: expect.stringContaining('30d') });
    expect(text).not.toContain('no events yet');
    expect(text).toContain('\nWhat is still kept: read_history {"stream":');
  }
  expect((await made.streams.history('keyed', { from: 0 })).events).toMatchObject([{ id: 'k1' }]);
});

test('a latest event that a declared age has ended is told with the time when the last one arrived', async () => {
  const made = createTestApp(app, { at: NOW });
  expect((await made.call('read_latest', { stream: 'hourly' })).text).toContain('has no events yet');
  await made.streams.append('hourly', event('h1', 1));
  await made.advance(2 * HOUR_MS);
  const { structured } = await made.call('read_latest', { stream: 'hourly' });
  expect(structured).toMatchObject({
    events: [],
    hint: expect.stringMatching(
      /^The newest entry of hourly arrived 2026-05-01T01:00:00Z \(2 h\S* ago\), and no latest event stands\. A latest event is kept for 1h after it arrived\.$/,
    ),
  });
});

test('each reader makes one store call', async () => {
  const { store, total } = countCalls(createMemoryStore());
  const made = createTestApp(app, { at: NOW, store });
  await made.streams.append('keyed', event('e1', 1));
  const scope = scopeOfLogs({ app, store, runtime: systemRuntime(() => {}) }, { tenant: 'public' });
  for (const read of [
    () => readLatest(scope, 'keyed', 'a'),
    () => readLatestOf(scope, 'keyed', ['a', 'b']),
    () => readLatestByKey(scope, 'keyed', { after: null, limit: 10 }),
    () => readKeys(scope, 'keyed', { prefix: '', limit: 10 }),
  ]) {
    const before = total();
    await read();
    expect(total() - before).toBe(1);
  }
});
