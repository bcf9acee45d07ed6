/**
 * Tasks of which something cannot be read, or whose records the store refuses, are due before another task of their shard, and are
 * more than one look finds. The other task has its turn all the same.
 */
import { expect, test } from 'vitest';
import { TidegateError } from '../../../src/base/errors.ts';
import { task } from '../../../src/declare/task.ts';
import { FAILED_AGAIN_MS } from '../../../src/store/due.ts';
import { shardOf } from '../../../src/store/shard.ts';
import type { Operation, RecordKey, Store } from '../../../src/store/store.ts';
import { assignmentKey, putAssignment, UNASSIGNED } from '../../../src/tasks/records/assignment.ts';
import { headerKey } from '../../../src/tasks/records/header.ts';
import { inputKey, taskInput } from '../../../src/tasks/records/input.ts';
import { TASK_QUEUE } from '../../../src/tasks/records/names.ts';
import { runTasks } from '../../../src/tasks/work/run-due.ts';
import { startRunner } from '../../../src/tasks/work/runner.ts';
import type { TaskDeps } from '../../../src/tasks/records/find-task.ts';
import { taskStage } from '../stage.ts';

const TENANT = 'public';
const BAD = 130;
const quick = task({ description: 'a task of the test', version: '1', run: async () => 'done' });

function puts(id: string, at: number, kind: 'header' | 'assignment'): Operation[] {
  const assignment = putAssignment(assignmentKey(TENANT, id), UNASSIGNED, at, null);
  const value = 'this is none';
  return [
    kind === 'assignment' ? { ...assignment, value } : assignment,
    { kind: 'put', ...headerKey(TENANT, id), value, expects: null },
    taskInput.put(inputKey(TENANT, id), { input: {} }, { expects: null }),
  ];
}

/** One task that can be worked on, behind many of its shard that cannot. */
async function behindBad(kind: 'header' | 'assignment') {
  const stage = taskStage({ quick });
  const { store, clock } = stage;
  clock.now += 60_000;
  const good = await stage.begin('quick');
  const shard = shardOf(assignmentKey(TENANT, good));
  const bad = new Set<string>();
  for (let n = 0; bad.size < BAD; n += 1) {
    const id = `bad-${n}`;
    if (shardOf(assignmentKey(TENANT, id)) !== shard) continue;
    bad.add(id);
    const commit = { id, now: clock.now, deadline: clock.now + 1_000 };
    await store.commit(puts(id, clock.now - 1_000, kind), commit);
  }
  const runtime = { ...stage.tasks.runtime, random: () => (shard + 0.5) / 16 };
  const isBad = ({ partition }: RecordKey) => bad.has(partition.split('/')[2] ?? '');
  const due = () => store.due(TASK_QUEUE, { now: clock.now, limit: 1_000, from: 0 });
  return { stage, good, isBad, due, deps: { ...stage.tasks, runtime } };
}

function refusing(store: Store, isBad: (key: RecordKey) => boolean): Store {
  const refuse = (keys: readonly object[]) => {
    if (keys.some((key) => 'partition' in key && isBad(key as RecordKey)))
      throw new TidegateError('store_unavailable', 'this partition answers nothing');
  };
  return {
    ...store,
    get: async (key, now) => (refuse([key]), store.get(key, now)),
    getMany: async (keys, now) => (refuse(keys), store.getMany(keys, now)),
    commit: async (operations, options) => (refuse(operations), store.commit(operations, options)),
  };
}

async function calls(deps: TaskDeps, { clock }: ReturnType<typeof taskStage>): Promise<void> {
  await clock.drive(runTasks(deps, clock.now + 20_000));
}

async function staying(deps: TaskDeps, { clock }: ReturnType<typeof taskStage>): Promise<void> {
  const runner = startRunner(deps, { everyMs: 1_000 });
  for (let seconds = 0; seconds < 15; seconds += 1) await clock.advance(1_000);
  await runner.stop();
}

test.each([
  ['whose header cannot be read, in a call', 'header', false, calls],
  ['whose header cannot be read, in a process that stays up', 'header', false, staying],
  ['whose assignment cannot be read, in a call', 'assignment', false, calls],
  ['that the store neither answers nor puts off, in a call', 'header', true, calls],
  ['that the store neither answers nor puts off, in a process that stays up', 'header', true, staying],
] as const)('tasks %s, hide no other', async (_what, kind, isRefused, work) => {
  const { stage, good, isBad, due, deps } = await behindBad(kind);
  await work(isRefused ? { ...deps, store: refusing(stage.store, isBad) } : deps, stage);
  expect((await stage.get(good)).status).toBe('completed');
  const left = await due();
  expect(left).toHaveLength(isRefused ? BAD : 0);
  stage.clock.now += FAILED_AGAIN_MS;
  // They are kept, and tried again.
  expect((await due()).filter(isBad)).toHaveLength(BAD);
});
