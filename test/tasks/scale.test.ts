/** Thousands of tasks asleep, 100,000 by `npm run deep`: what a call of the worker costs depends on what is due, and not on how many there are. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openStore, readConfig } from '../../src/store/drivers/open.ts';
import { task } from '../../src/declare/task.ts';
import { systemRuntime } from '../../src/base/runtime.ts';
import type { Operation, Store } from '../../src/store/store.ts';
import { createTask } from '../../src/tasks/work/create.ts';
import { assignmentKey } from '../../src/tasks/records/assignment.ts';
import { runTasks } from '../../src/tasks/work/run-due.ts';
import { UNASSIGNED, putAssignment } from '../../src/tasks/records/assignment.ts';
import { watch } from '../feeds/run/stage.ts';
import { requireService } from '../services/available.ts';
import { type RunningEngine, startEngine } from '../services/engine.ts';
import { ADA, taskStage } from './stage.ts';
import { byDepth } from '../depth.ts';

const ASLEEP = byDepth(5_000, 20_000, 100_000);
const A_COMMIT = 90;
const AT_ONCE = 8;
const quick = task({ description: 'a task of the test', version: '1', run: async () => 'done' });
/** By chance the log of ends would be trimmed, which is not what is counted here. */
const runtime = { ...systemRuntime(() => {}), random: () => 0.5 };

/** As the commits that put them to sleep would have left them. */
async function fallAsleep(store: Store): Promise<void> {
  const wakes = Date.now() + 86_400_000;
  for (let from = 0; from < ASLEEP; from += A_COMMIT * AT_ONCE) {
    const firsts = Array.from({ length: AT_ONCE }, (_, index) => from + index * A_COMMIT);
    const results = await Promise.all(
      firsts
        .filter((first) => first < ASLEEP)
        .map((first) => {
          const operations = Array.from({ length: Math.min(A_COMMIT, ASLEEP - first) }, (_, n): Operation => {
            return putAssignment(assignmentKey('public', `asleep${first + n}`), UNASSIGNED, wakes + first + n, null);
          });
          return store.commit(operations, { id: `sleep${first}`, now: Date.now(), deadline: Date.now() + 60_000 });
        }),
    );
    for (const { status } of results) expect(status).toBe('committed');
  }
}

async function costOf(store: Store, due: number): Promise<{ calls: Record<string, number>; ms: number }> {
  const { store: counted, calls } = watch(store);
  const deps = { ...taskStage({ quick }).tasks, runtime, store };
  for (let n = 0; n < due; n += 1) {
    await createTask(deps, { principal: ADA, task: 'quick', input: {}, deadline: Date.now() + 10_000, leaseMs: null });
  }
  const startedAt = performance.now();
  const report = await runTasks({ ...deps, store: counted }, Date.now() + 20_000);
  expect(report.ended).toBe(due);
  return { calls, ms: performance.now() - startedAt };
}

describe.each(['sqlite', 'redis'] as const)('%s', (engine) => {
  const missing = engine === 'redis' && !requireService('redis');
  let running: RunningEngine | null = null;
  let store: Store | null = null;
  beforeAll(async () => {
    if (missing) return;
    running = await startEngine(engine);
    store = await openStore(readConfig(running.environment, 'sqlite'), runtime, 'tasks');
    await fallAsleep(store);
  }, 180_000);
  afterAll(async () => {
    await store?.close();
    await running?.stop();
  });

  test.skipIf(missing)(`${ASLEEP} asleep, and none, one or ten due`, { timeout: 60_000 }, async () => {
    if (store === null) throw new Error('there is no store');
    const none = await costOf(store, 0);
    expect(none.calls).toEqual({ due: 1 });
    const one = await costOf(store, 1);
    expect(one.calls).toEqual({ due: 2, getMany: 1, list: 1, commit: 2 });
    const ten = await costOf(store, 10);
    expect(ten.calls).toEqual({ due: 2, getMany: 10, list: 10, commit: 20 });
    // A look that reads all of them would take seconds.
    expect(none.ms).toBeLessThan(2_000);
  });
});
