/** When the newest event of a stream arrived, where marks stand behind it: a removal of what is not there, and one of the event itself. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { PUBLIC } from '../../../src/base/principal.ts';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { createAppStreams } from '../../../src/calls/streams.ts';
import { defineApp, stream } from '../../../src/index.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { storedCount } from '../../../src/operate/stored-count.ts';
import { newestArrival } from '../../../src/streams/log/newest-arrival.ts';
import { ofStream, scopeOf } from '../../../src/streams/scope.ts';

const START = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;

test('marks make no stream look fresh', async () => {
  let now = START;
  const runtime = { ...systemRuntime(() => {}), now: () => now };
  const rooms = stream({ description: 'Rooms', schema: z.object({ room: z.string() }), key: 'room' });
  const app = defineApp({ name: 'house', version: '1', description: 'A house', streams: { rooms } });
  const deps = { app, runtime, store: createMemoryStore() };
  const declared = app.streams.get('rooms');
  if (!declared) throw new Error('there is no such stream');
  const own = ofStream(scopeOf(deps, PUBLIC), declared);
  const streams = createAppStreams(deps, PUBLIC, START + 100 * MINUTE);
  const both = async () => [await newestArrival(own, 'rooms'), (await storedCount(own, 'rooms')).newestAt];
  expect(await both()).toEqual([null, null]);
  for (const room of ['attic', 'cellar']) {
    await streams.append('rooms', { room });
    now += MINUTE;
  }
  expect(await both()).toEqual([START + MINUTE, START + MINUTE]);
  await streams.remove('rooms', { key: 'nobody-has-this' });
  now += MINUTE;
  expect(await both()).toEqual([START + MINUTE, START + MINUTE]);
  await streams.remove('rooms', { key: 'cellar' });
  expect(await both()).toEqual([START, START]);
  now += MINUTE;
  await streams.remove('rooms', { key: 'attic' });
  expect(await both()).toEqual([null, null]);
  expect((await storedCount(own, 'rooms')).lastEntryAt).toBe(now);
});
