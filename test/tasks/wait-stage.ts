/** A stage for waits: one stream of temperatures by sensor, tasks that wait on it, and a follower that runs when told. */
import * as z from 'zod';
import type { Condition } from '../../src/declare/condition.ts';
import { stream } from '../../src/declare/stream.ts';
import { type Occurrence, task } from '../../src/declare/task.ts';
import type { ToolResult } from '../../src/declare/check/tool-result.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import type { Store } from '../../src/store/store.ts';
import type { Deps } from '../../src/streams/deps.ts';
import { publish } from '../../src/streams/log/publish.ts';
import { followWaiters, type WaitersReport } from '../../src/tasks/waits/follow.ts';
import { waiterPartition } from '../../src/tasks/records/names.ts';
import { TENANT } from '../feeds/run/stage.ts';
import { taskStage, type TaskStage } from './stage.ts';
import { scopeOfLogs } from '../../src/streams/scope.ts';

export const temps = stream({
  description: 'temperatures',
  schema: z.object({ sensor: z.string(), celsius: z.number(), note: z.string().optional() }),
  key: 'sensor',
});

export const ABOVE_30: Condition = { kind: 'threshold', field: 'celsius', above: 30 };

/** Waits once, and ends with what came of it. */
export const waiting = task({
  description: 'waits',
  version: '1',
  input: z.object({ condition: z.custom<Condition>(), timeoutMs: z.number().optional() }),
  async run({ condition, timeoutMs }, { waitFor }) {
    const held = await waitFor('temps', condition, timeoutMs === undefined ? {} : { timeoutMs });
    return JSON.stringify(held);
  },
});

/** What a wait of `waiting` ended with. */
export function endOf(result: ToolResult | null): Occurrence | null {
  const [first] = result?.content ?? [];
  if (first?.type !== 'text') throw new Error('no text');
  return JSON.parse(first.text) as Occurrence | null;
}

export interface WaitStage extends TaskStage {
  publish(celsius: number, sensor?: string, deps?: Deps, note?: string): Promise<void>;
  follow(deps?: Deps, wake?: (taskId: string) => void): Promise<WaitersReport>;
  /** Begins a task that waits, and lets it come to its wait. */
  wait(condition: Condition, timeoutMs?: number): Promise<string>;
  /** What a wait ended with; undefined: its task has not ended. */
  ended(taskId: string): Promise<Occurrence | null | undefined>;
  waiters(): Promise<{ id: string; value: unknown }[]>;
}

export function waitStage(
  base: Store = createMemoryStore(),
  more: Parameters<typeof taskStage>[0] = {},
  watched: typeof temps = temps,
): WaitStage {
  const stage = taskStage({ waiting, ...more }, base, { streams: { temps: watched } });
  const declared = stage.app.streams.get('temps');
  if (!declared) throw new Error('no stream');
  return {
    ...stage,
    async publish(celsius, sensor = 'a', deps = stage.deps, note) {
      const data = { sensor, celsius, ...(note === undefined ? {} : { note }) };
      await publish(scopeOfLogs(deps, { tenant: TENANT }), declared, { data }, stage.clock.now + 60_000);
    },
    follow: (deps = stage.deps, wake = () => {}) =>
      stage.clock.drive(
        followWaiters(scopeOfLogs(deps, { tenant: TENANT }), declared, {
          deadline: stage.clock.now + 60_000,
          wake: ({ taskId }) => wake(taskId),
        }),
      ),
    async wait(condition, timeoutMs) {
      const input = { condition, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
      const taskId = await stage.begin('waiting', input as never);
      await stage.work();
      return taskId;
    },
    async ended(taskId) {
      const { status, result, failure } = await stage.get(taskId);
      if (failure) throw new Error(failure.message);
      if (status !== 'completed') return undefined;
      return endOf(result);
    },
    async waiters() {
      const { records } = await stage.store.list(waiterPartition(TENANT, 'temps'), {
        now: stage.clock.now,
        limit: 100,
      });
      return records.map(({ id, value }) => ({ id, value }));
    },
  };
}
