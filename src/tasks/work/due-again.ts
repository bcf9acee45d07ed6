/**
 * Makes tasks due that wait for a time of a clock that was ahead, once that was set right, and work of tenants. Nobody can tell from a due time
 * alone whether it is one of those, so every task that is not due yet is looked at once: its turn finds out what it waits for.
 */
import { CLOCK_SLACK_MS } from '../../base/time/stored-time.ts';
import { DUE_LIMIT, GET_MANY_LIMIT, QUEUE_SHARDS } from '../../store/limits.ts';
import { shardOf, shardsFrom } from '../../store/shard.ts';
import { type DueRecord, isPresent, type Put, type StoredRecord } from '../../store/store.ts';
import type { Deps } from '../../streams/deps.ts';
import { tenantWorkQueues } from '../../streams/tenant-work.ts';
import { isWaiter, TASK_QUEUE } from '../records/names.ts';
import { isDueElse, isHeld, readWaiter } from '../waits/waiter.ts';

/** Records that are made due at once. */
const AT_ONCE = 16;

interface DueAgain {
  /** How many became due. */
  made: number;
  /** The time was over before all were looked at. */
  more: boolean;
}

/**
 * A task under way is taken over where its lease is one of those: a step of it may run again.
 * @param deadline epoch ms
 * @throws TidegateError `store_unavailable`
 */
export async function makeDueAgain(deps: Deps, deadline: number): Promise<DueAgain> {
  const report: DueAgain = { made: 0, more: false };
  // Where there are too many for one call, others are reached by the next.
  const first = Math.floor(deps.runtime.random() * QUEUE_SHARDS);
  for (const queue of [TASK_QUEUE, ...tenantWorkQueues(deps)]) {
    for (const shard of shardsFrom(first)) {
      for await (const found of later(deps, queue, shard)) {
        for (let from = 0; from < found.length; from += AT_ONCE) {
          if (deps.runtime.now() >= deadline) return { ...report, more: true };
          const some = found.slice(from, from + AT_ONCE);
          const due = await Promise.all(some.map((record) => makeDue(deps, record, deadline)));
          report.made += due.filter(Boolean).length;
        }
      }
    }
  }
  return report;
}

/** The records of a shard that become due later, the earliest first. */
async function* later({ store, runtime }: Deps, queue: string, shard: number): AsyncGenerator<StoredRecord[]> {
  const isOfShard = (record: DueRecord) => shardOf(record) === shard;
  for (let after: number | undefined = runtime.now() + CLOCK_SLACK_MS; after !== undefined;) {
    const options = { now: runtime.now(), limit: DUE_LIMIT, from: shard, after };
    const found: DueRecord[] = (await store.due(queue, options)).filter(isOfShard);
    for (let from = 0; from < found.length; from += GET_MANY_LIMIT) {
      yield (await store.getMany(found.slice(from, from + GET_MANY_LIMIT), runtime.now())).filter(isPresent);
    }
    after = found.length === DUE_LIMIT ? found.at(-1)?.dueAt : undefined;
  }
}

/** A wait that does not hold keeps its time, where that is of its events. Another who writes the record meanwhile knows better. */
async function makeDue({ store, runtime }: Deps, record: StoredRecord, deadline: number): Promise<boolean> {
  const { partition, id, value, version: expects, expiresAt, due } = record;
  const now = runtime.now();
  if (due === null || due.at <= now) return false;
  const waiter = isWaiter(record) ? readWaiter(record, now) : null;
  if (waiter !== null && !isHeld(waiter) && !isDueElse(waiter, record, now)) return false;
  const put: Put = { kind: 'put', partition, id, value, expects, expiresAt, due: { ...due, at: now } };
  return (await store.commit([put], { id: runtime.newId(), now, deadline })).status === 'committed';
}
