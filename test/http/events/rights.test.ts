/** Rights end while a stream of events stays open: its reader is told why, and is refused when it comes back. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { createKeyIdentifier } from '../../../src/auth/keys/identifier.ts';
import { createKey, revokeKey } from '../../../src/auth/keys/manage.ts';
import { type Runtime, systemRuntime } from '../../../src/base/runtime.ts';
import { createTestClock } from '../../../src/hosts/testing/clock.ts';
import { type Authenticate, createAuthenticate } from '../../../src/http/authenticate.ts';
import { createChallenges } from '../../../src/http/challenge.ts';
import { defineApp, stream, trigger } from '../../../src/index.ts';
import { commitSurely } from '../../../src/store/commit.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { loggedEvent, streamLog } from '../../../src/streams/log/stream-log.ts';
import { createListeningHost, START } from '../../mcp/listen/listening-host.ts';
import { openEvents } from './reader.ts';

const [SECOND, MINUTE] = [1_000, 60_000];
const when = { kind: 'threshold', field: 'celsius', above: 30 } as const;
const app = defineApp({
  name: 'rooms',
  version: '1.0.0',
  description: 'Rooms',
  streams: {
    rooms: stream({
      description: 'Rooms',
      schema: z.object({ room: z.string(), celsius: z.number() }),
      key: 'room',
      tenants: 'each',
    }),
  },
  triggers: {
    hot: trigger({ description: 'Too hot', on: 'rooms', when, alarm: {} }),
    warm: trigger({ description: 'Warm', on: 'rooms', when, alarm: {} }),
  },
});
const listening = { streamMs: 60 * MINUTE, most: 10, reads: null };
const PATHS = ['/streams/rooms/events', '/triggers/hot/events', '/alarms/events'];

/** The caller's rights are what the test says: scopes, or the status of a refusal, or a failure. */
function stageOf(path: string) {
  let now: string[] | number | Error = ['*'];
  let asked = 0;
  const authenticate: Authenticate = () => {
    asked += 1;
    if (now instanceof Error) throw now;
    if (typeof now === 'number') return Response.json({ title: 'no', status: now }, { status: now });
    return { tenant: 'acme', subject: 'ada', client: null, scopes: now };
  };
  const stage = createListeningHost(app, { listening, authenticate });
  return {
    ...stage,
    asked: () => asked,
    may: (rights: typeof now) => void (now = rights),
    open: (lastId?: string) => openEvents(stage, path, lastId === undefined ? {} : { lastId }),
  };
}

const append = async ({ store, runtime }: Pick<ReturnType<typeof stageOf>, 'store' | 'runtime'>, id: string) => {
  const event = { id, key: 'a', time: runtime.now(), data: { room: 'a', celsius: 1 } };
  const log = loggedEvent.append(streamLog('acme', 'rooms'), [event]);
  await commitSurely(runtime, store, [log], runtime.now() + MINUTE);
};

test.each(PATHS)('%s ends within a minute of what its caller may do, and says why', async (path) => {
  for (const [rights, told, again] of [
    [401, { status: 401 }, 401],
    [403, { status: 403 }, 403],
    [['tasks'], { status: path.startsWith('/streams') ? 403 : 404 }, path.startsWith('/streams') ? 403 : 404],
  ] as const) {
    const stage = stageOf(path);
    const reader = await stage.open();
    await stage.clock.advance(5 * MINUTE);
    expect([reader.state, reader.news()]).toEqual(['open', []]);
    stage.may(typeof rights === 'number' ? rights : [...rights]);
    await stage.clock.advance(MINUTE);
    await append(stage, 'later');
    await stage.clock.advance(15 * SECOND);
    expect(reader.news()).toMatchObject([
      { event: 'terminated', data: { ...told, title: expect.any(String) as string } },
    ]);
    expect(reader.state).toBe('closed');
    expect((await stage.open(reader.lastId)).status).toBe(again);
  }
});

test('a store or an issuer that does not answer ends nothing, and is asked again', async () => {
  const stage = stageOf('/streams/rooms/events');
  const reader = await stage.open();
  for (const rights of [503, 429, new Error('the issuer does not answer')]) {
    stage.may(rights);
    await stage.clock.advance(2 * MINUTE);
    expect([reader.state, reader.told]).toEqual(['open', []]);
  }
  stage.may(401);
  await stage.clock.advance(MINUTE);
  expect(reader.told).toMatchObject([{ event: 'terminated' }]);
  const asked = stage.asked();
  await stage.clock.advance(10 * MINUTE);
  expect(stage.asked()).toBe(asked);
});

test('who may read the alarms of fewer triggers than before gets a stream of those alone when it comes back', async () => {
  const stage = stageOf('/alarms/events');
  const reader = await stage.open();
  stage.may(['streams:read', 'alarms:read:hot']);
  await stage.clock.advance(MINUTE);
  expect(reader.told).toMatchObject([
    { event: 'terminated', data: { hint: expect.stringContaining('come back') as string } },
  ]);
  const again = await stage.open(reader.lastId);
  expect(again.status).toBe(200);
  stage.may(['*']);
  await stage.clock.advance(3 * MINUTE);
  expect(again.state).toBe('open');
  again.leave();
});

test('who leaves is asked about no more', async () => {
  const stage = stageOf('/streams/rooms/events');
  const reader = await stage.open();
  reader.leave();
  await stage.clock.advance(10 * MINUTE);
  expect(stage.asked()).toBe(1);
});

test('a key that is revoked, and one that expires', async () => {
  const clock = createTestClock(START);
  const store = createMemoryStore();
  const runtime: Runtime = {
    ...systemRuntime(() => {}),
    now: () => clock.now(),
    sleep: (ms, signal) => clock.sleep(ms, signal),
  };
  const challenges = createChallenges();
  const authenticate = createAuthenticate(
    [createKeyIdentifier({ store, runtime }, { environmentKey: null })],
    challenges,
    runtime,
  );
  const stage = createListeningHost(app, { store, listening, challenges, authenticate }, clock);
  const rights = { tenant: 'acme', scopes: ['streams:read'] };
  const made = await createKey({ store, runtime }, { ...rights, name: 'ann', expiresAt: null });
  const short = await createKey({ store, runtime }, { ...rights, name: 'bo', expiresAt: START + 10 * MINUTE });
  const open = (key: string) => openEvents(stage, '/streams/rooms/events', { who: `Bearer ${key}` });
  const [reader, expiring] = [await open(made.text), await open(short.text)];
  await clock.advance(3 * MINUTE);
  expect([reader.state, expiring.state]).toEqual(['open', 'open']);
  await revokeKey({ store, runtime }, made.key.id);
  await clock.advance(2 * MINUTE);
  expect([reader.state, expiring.state]).toEqual(['closed', 'open']);
  expect(reader.told).toMatchObject([{ event: 'terminated', data: { status: 401 } }]);
  await clock.advance(6 * MINUTE);
  expect(expiring.told).toMatchObject([{ event: 'terminated', data: { status: 401 } }]);
  expect(await open(made.text)).toMatchObject({ status: 401 });
});
