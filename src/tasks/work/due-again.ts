/**
 * Makes tasks due that wait for a time of a clock that was ahead, once that was set right. Nobody can tell from a due time
 * alone whether it is one of those, so every task that is not due yet is looked at once: its turn finds out what it waits for.
 */
import { CLOCK_SLACK_MS } from '../../base/time/stored-time.ts';
import { DUE_LIMIT, GET_MANY_LIMIT } from '../../store/limits.ts';
import { shardOf, shardsFrom } from '../../store/shard.ts';
import { type DueRecord, isPresent, type Put, type StoredRecord } from '../../store/store.ts';
import type { Deps } from '../../streams/deps.ts';
import { type Scope, scopesOf } from '../../streams/scope.ts';
import { isWaiter, taskQueue } from '../records/names.ts';
import { isHeld, readWaiter } from '../waits/waiter.ts';

/**
 * Answers how many became due. A task under way is taken over where its lease is one of those: a step of it may run again.
 * @param deadline epoch ms, after which the others wait for their time
 * @throws TidegateError `store_unavailable`
 */
export async function makeDueAgain(deps: Deps, deadline: number): Promise<number> {
  let made = 0;
  for (const scope of await scopesOf(deps)) {
    for (const shard of shardsFrom(0)) {
      for await (const found of later(scope, shard)) {
        if (deps.runtime.now() >= deadline) return made;
        for (const record of found) if (await makeDue(scope, record, deadline)) made += 1;
      }
    }
  }
  return made;
}

/** The records of a shard that become due later, the earliest first. */
async function* later({ store, runtime, tenant }: Scope, shard: number): AsyncGenerator<StoredRecord[]> {
  const isOfShard = (record: DueRecord) => shardOf(record) === shard;
  for (let after: number | undefined = runtime.now() + CLOCK_SLACK_MS; after !== undefined;) {
    const options = { now: runtime.now(), limit: DUE_LIMIT, from: shard, after };
    const found: DueRecord[] = (await store.due(taskQueue(tenant), options)).filter(isOfShard);
    for (let from = 0; from < found.length; from += GET_MANY_LIMIT) {
      yield (await store.getMany(found.slice(from, from + GET_MANY_LIMIT), runtime.now())).filter(isPresent);
    }
    after = found.length === DUE_LIMIT ? found.at(-1)?.dueAt : undefined;
  }
}

/** A wait that does not hold keeps its time, which is of its events. Another who writes the record meanwhile knows better. */
async function makeDue({ store, runtime }: Scope, record: StoredRecord, deadline: number): Promise<boolean> {
  const { partition, id, value, version: expects, expiresAt, due } = record;
  const now = runtime.now();
  if (due === null || due.at <= now) return false;
  if (isWaiter(record) && !isHeld(readWaiter(record, now))) return false;
  const put: Put = { kind: 'put', partition, id, value, expects, expiresAt, due: { ...due, at: now } };
  return (await store.commit([put], { id: runtime.newId(), now, deadline })).status === 'committed';
}
