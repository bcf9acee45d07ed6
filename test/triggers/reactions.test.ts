/** Tasks that occurrences begin: once, also where the process ends at any store call, and whatever `input` does. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { TidegateError } from '../../src/base/errors.ts';
import { systemRuntime } from '../../src/base/runtime.ts';
import { defineApp, stream, task, trigger } from '../../src/index.ts';
import { createEventWorkers } from '../../src/hosts/event-work.ts';
import { withTasks } from '../../src/hosts/task-deps.ts';
import { createTestClock } from '../../src/hosts/testing/clock.ts';
import { commitSurely } from '../../src/store/commit.ts';
import { trustClock } from '../../src/store/clock-watch.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import type { Store } from '../../src/store/store.ts';
import { loggedEvent, streamLog } from '../../src/streams/log/stream-log.ts';
import { listTasks } from '../../src/tasks/records/list.ts';
import { runTasks } from '../../src/tasks/work/run-due.ts';
import { reactingAs } from '../../src/triggers/names.ts';
import { reactionNotes, reactionsKey } from '../../src/triggers/reaction-notes.ts';

const START = Date.UTC(2026, 10, 30, 12);
const MINUTE = 60_000;
const rooms = stream({
  description: 'Rooms',
  schema: z.object({ room: z.string(), celsius: z.number() }),
  key: 'room',
  tenants: 'each',
});

function stageOf(input: (key: string | null) => unknown, store: Store = trustClock(createMemoryStore())) {
  const ran: unknown[] = [];
  const app = defineApp({
    name: 'rooms',
    version: '1',
    description: 'Rooms',
    streams: { rooms },
    tasks: {
      cool: task({
        version: '1',
        description: 'Cools',
        input: z.strictObject({ room: z.string() }),
        run: async (given) => {
          ran.push(given);
          return 'done';
        },
      }),
    },
    triggers: {
      hot: trigger({
        description: 'Hot',
        on: rooms,
        when: { kind: 'threshold', field: 'celsius', above: 30 },
        starts: { task: 'cool', input: ({ key }) => input(key) },
      }),
    },
  });
  const clock = createTestClock(START);
  const logged: string[] = [];
  const runtime = {
    ...systemRuntime((level, message) => void logged.push(`${level} ${message}`)),
    now: () => clock.now(),
    sleep: (ms: number, signal?: AbortSignal) => clock.sleep(ms, signal),
  };
  const deps = withTasks({ app, store, runtime, tenants: () => ['acme'] });
  const [, , reactions] = createEventWorkers(deps);
  return {
    ran,
    logged,
    runtime,
    deps,
    follow: async (given = deps) => {
      const [, , worker] = given === deps ? [null, null, reactions] : createEventWorkers(given);
      return worker!.run(runtime.now() + MINUTE, [{ tenant: 'acme', stream: 'trigger.hot' }]);
    },
    work: () => clock.drive(runTasks(deps, runtime.now() + MINUTE)),
    async occur(...keys: string[]) {
      const entries = keys.map((key, index) => ({
        id: `occ_${key}`,
        key,
        time: runtime.now() + index,
        data: { became: key.startsWith('end') ? 'ceased' : 'holding', title: key, value: 31, events: [], payload: {} },
      }));
      await commitSurely(
        runtime,
        store,
        [loggedEvent.append(streamLog('acme', 'trigger.hot'), entries)],
        runtime.now() + MINUTE,
      );
    },
    tasks: async () => (await listTasks(deps, reactingAs('acme', 'hot'), { limit: 100 })).tasks.length,
    notes: async () => reactionNotes.read(await store.get(reactionsKey('acme', 'hot'), runtime.now())),
  };
}

test('each occurrence begins the task once, with what `input` makes of it; ends begin none', async () => {
  const stage = stageOf((key) => ({ room: key }));
  await stage.occur('a', 'b', 'end-a');
  expect(await stage.follow()).toMatchObject({ error: null, more: false });
  await stage.follow();
  await stage.work();
  expect(stage.ran.toSorted((one, other) => JSON.stringify(one).localeCompare(JSON.stringify(other)))).toEqual([
    { room: 'a' },
    { room: 'b' },
  ]);
  expect(await stage.notes()).toEqual({ begun: 2, failed: 0, notes: [] });
});

test('an occurrence for which `input` breaks, or makes what the task does not take, is noted and keeps nothing back', async () => {
  const stage = stageOf((key) => {
    if (key === 'broken') throw new Error('no such room');
    return key === 'wrong' ? { place: key } : { room: key };
  });
  await stage.occur('broken', 'wrong', 'c');
  expect(await stage.follow()).toMatchObject({ error: null, more: false });
  await stage.work();
  expect(stage.ran).toEqual([{ room: 'c' }]);
  expect(await stage.notes()).toMatchObject({
    begun: 1,
    failed: 2,
    notes: [
      { occurrence: 'occ_wrong', code: 'invalid_input', reason: expect.stringContaining('room') as string },
      { occurrence: 'occ_broken', code: 'internal', reason: expect.stringContaining('no such room') as string },
    ],
  });
  expect(stage.logged).toContain('error an occurrence began no task');
});

test('killed before or after any store call, two at once, with an `input` that is another each time: once each', async () => {
  const inner = trustClock(createMemoryStore());
  let times = 0;
  const stage = stageOf((key) => ({ room: `${key} ${(times += 1)}` }), inner);
  await stage.occur(...Array.from({ length: 30 }, (_, index) => `k${index}`));
  for (let calls = 0; calls < 60; calls += 1) {
    let left = Math.floor(calls / 2);
    const store = { ...inner };
    for (const call of ['get', 'getMany', 'read', 'commit', 'add'] as const) {
      const real = inner[call] as (...asked: unknown[]) => Promise<unknown>;
      Object.assign(store, {
        async [call](...asked: unknown[]) {
          left -= 1;
          if (left < 0 && calls % 2 === 0) throw new TidegateError('store_unavailable', 'killed');
          const answer = await real(...asked);
          if (left < 0) throw new TidegateError('store_unavailable', 'killed');
          return answer;
        },
      });
    }
    await stage.follow({ ...stage.deps, store });
  }
  await Promise.all([stage.follow({ ...stage.deps }), stage.follow({ ...stage.deps }), stage.follow()]);
  expect(await stage.tasks()).toBe(30);
  await stage.work();
  const rooms = stage.ran.map((given) => (given as { room: string }).room.split(' ')[0]);
  expect(new Set(rooms).size).toBe(30);
  expect(rooms).toHaveLength(30);
});
