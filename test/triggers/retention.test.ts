/** Logs of triggers and alarms are kept within their retention by the schedule, also where nothing happens any more. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { systemRuntime } from '../../src/base/runtime.ts';
import { runScheduled } from '../../src/hosts/scheduled.ts';
import { withTasks } from '../../src/hosts/task-deps.ts';
import { createTestClock } from '../../src/hosts/testing/clock.ts';
import { defineApp, stream, trigger } from '../../src/index.ts';
import type { StreamTenants } from '../../src/declare/feed.ts';
import { commitSurely } from '../../src/store/commit.ts';
import { trustClock } from '../../src/store/clock-watch.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { loggedEvent, streamLog } from '../../src/streams/log/stream-log.ts';
import { noteTenant } from '../../src/streams/tenant-work.ts';
import { scopeOfLogs } from '../../src/streams/scope.ts';
import { ALARMS_LOG } from '../../src/triggers/alarms/records.ts';

const DAY = 86_400_000;
const START = Date.UTC(2026, 10, 30);

function stage(tenants: StreamTenants, random: number) {
  const when = { kind: 'threshold', field: 'celsius', above: 30 } as const;
  const app = defineApp({
    name: 'house',
    version: '1.0.0',
    description: 'A house',
    streams: {
      rooms: stream({ description: 'Rooms', schema: z.object({ celsius: z.number() }), tenants }),
    },
    triggers: {
      hot: trigger({ description: 'Hot', on: 'rooms', when, alarm: {}, retention: { events: 100, ageMs: DAY } }),
      few: trigger({ description: 'Few', on: 'rooms', when, retention: { events: 3 } }),
    },
  });
  const clock = createTestClock(START);
  const store = trustClock(createMemoryStore());
  const runtime = {
    ...systemRuntime(() => {}),
    now: () => clock.now(),
    sleep: (ms: number, signal?: AbortSignal) => clock.sleep(ms, signal),
    random: () => random,
  };
  const tenant = tenants === 'shared' ? 'public' : 'acme';
  const deps = withTasks({ app, store, runtime, tenants: () => [tenant] });
  const logs = ['trigger.hot', 'trigger.few', ALARMS_LOG].map((name) => streamLog(tenant, name));
  const scheduled = () => clock.drive(runScheduled(deps, clock.now() + 30_000));
  return {
    async fill(): Promise<void> {
      await noteTenant(scopeOfLogs(deps, { tenant }));
      for (const log of logs) {
        const events = Array.from({ length: 10 }, (_, index) => ({ id: `${index}`, time: clock.now(), data: null }));
        await commitSurely(runtime, store, [loggedEvent.append(log, events)], clock.now() + 1_000);
      }
    },
    scheduled,
    /** A time to which the clock leapt is believed once it has stood for ten minutes, and a tenant is swept once a day. */
    async pass(ms: number): Promise<void> {
      for (const step of [ms, 11 * 60_000, DAY + 60_000]) {
        await clock.advance(step);
        await scheduled();
      }
    },
    kept: async () => Promise.all(logs.map(async (log) => (await store.read(log, null, 100)).entries.length)),
  };
}

test.each<StreamTenants>(['shared', 'each'])('%s logs, by count and by age; the newest stays', async (tenants) => {
  const at = stage(tenants, 0);
  await at.fill();
  await at.scheduled();
  expect(await at.kept()).toEqual([10, 3, 10]);
  await at.pass(2 * DAY);
  expect(await at.kept()).toEqual([1, 3, 10]);
  await at.pass(90 * DAY);
  // 30 days are kept where a trigger says nothing of age.
  expect(await at.kept()).toEqual([1, 1, 1]);
});

test('one schedule in sixty looks at those that all share, so a thousand triggers cost others nothing', async () => {
  const at = stage('shared', 0.5);
  await at.fill();
  await at.scheduled();
  expect(await at.kept()).toEqual([10, 10, 10]);
});
