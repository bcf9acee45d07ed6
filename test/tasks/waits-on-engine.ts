/** For any engine: waits of every kind end once, with what they waited for, while two processes work and follow. */
import { expect } from 'vitest';
import type { Condition } from '../../src/declare/condition.ts';
import type { Json } from '../../src/base/json.ts';
import { systemRuntime } from '../../src/base/runtime.ts';
import type { Store } from '../../src/store/store.ts';
import { publish } from '../../src/streams/log/publish.ts';
import { createTask } from '../../src/tasks/work/create.ts';
import { followWaiters } from '../../src/tasks/waits/follow.ts';
import { waiterPartition } from '../../src/tasks/records/names.ts';
import { getTask } from '../../src/tasks/work/requests.ts';
import { runTasks } from '../../src/tasks/work/run-due.ts';
import { TENANT } from '../feeds/run/stage.ts';
import { ADA } from './stage.ts';
import { ABOVE_30, endOf, waitStage } from './wait-stage.ts';
import { scopeOfLogs } from '../../src/streams/scope.ts';

const CONDITIONS: [Condition, number][] = [
  [ABOVE_30, 31],
  [{ kind: 'match', where: { celsius: 7 } }, 7],
  [{ kind: 'change', field: 'celsius', by: 10 }, 12],
  [{ kind: 'count', atLeast: 3, withinMs: 3_600_000 }, 12],
];
const EVENTS = [7, 1, 12, 31];
const NEVER: Condition = { kind: 'threshold', field: 'celsius', above: 1_000 };

const deadline = () => Date.now() + 60_000;
const two = (work: () => Promise<unknown>) => Promise.all([work(), work()]);

export async function expectWaitsEnd(store: Store): Promise<void> {
  const stage = waitStage();
  const deps = { ...stage.tasks, store, runtime: systemRuntime(() => {}) };
  const [stream] = deps.app.streams.values();
  if (!stream) throw new Error('no stream');
  const begin = async (condition: Condition) => {
    const input = { condition } as unknown as Json;
    const made = { principal: ADA, task: 'waiting', input, deadline: deadline(), leaseMs: null };
    return (await createTask(deps, made)).taskId;
  };
  const append = (celsius: number) =>
    publish(scopeOfLogs(deps, { tenant: TENANT }), stream, { data: { sensor: 'a', celsius } }, deadline());
  const follow = () => followWaiters(scopeOfLogs(deps, { tenant: TENANT }), stream, { deadline: deadline() });

  await append(1);
  const waits = await Promise.all(
    CONDITIONS.map(async ([condition, celsius]) => ({ id: await begin(condition), celsius })),
  );
  const never = await begin(NEVER);
  await two(() => runTasks(deps, deadline()));
  for (const celsius of EVENTS) {
    await append(celsius);
    await two(follow);
    await two(() => runTasks(deps, deadline()));
  }
  for (const { id, celsius } of waits) {
    await expect
      .poll(() => runTasks(deps, deadline()).then(() => getTask(deps, ADA, id)), { timeout: 20_000 })
      .toMatchObject({ status: 'completed' });
    expect(endOf((await getTask(deps, ADA, id)).result)).toMatchObject({ event: { data: { celsius } } });
  }
  expect((await getTask(deps, ADA, never)).status).toBe('working');
  const { records } = await store.list(waiterPartition(TENANT, 'temps'), { now: Date.now(), limit: 10 });
  expect(records.map(({ id }) => id.split(' ')[0])).toEqual([never]);
}
