/**
 * `runDeliveries`: follows the logs of all sources and sends what is due, of every tenant, until nothing is or the time is over. A
 * call that is missed, doubled or overlaps another does no harm, because leases decide.
 */
import { DUE_LIMIT } from '../../store/limits.ts';
import type { DeliveryDeps } from '../records/deps.ts';
import { DELIVERY_QUEUE, type SubscriptionName } from '../records/names.ts';
import { followOutboxes } from './places.ts';
import { createDeliveryPool, namesOfDue, type PoolOptions } from './pool.ts';

export interface DeliveriesReport {
  /** Turns taken. */
  turns: number;
  /** Turns that the store broke off. */
  broken: number;
  /** Something is left for the next call. */
  more: boolean;
}

/** With less time than this left nothing is sent, ms: a receiver may take 10 s. */
const LEAST_MS = 1_000;

/** @param deadline epoch ms after which nothing is begun; what is under way may take 10 s more. Errors as the store's. */
export async function runDeliveries(
  deps: DeliveryDeps,
  deadline: number,
  options: PoolOptions = {},
): Promise<DeliveriesReport> {
  const { store, runtime } = deps;
  const report: DeliveriesReport = { turns: 0, broken: 0, more: false };
  const pool = createDeliveryPool(deps, options);
  const isOver = () => options.signal?.aborted === true || deadline - runtime.now() < LEAST_MS;
  const followed = await followOutboxes(deps, deadline);
  // What was not due after all, or is somebody else's: a look at what is due may be stale.
  const idle = new Set<string>();
  async function work(name: SubscriptionName): Promise<void> {
    const end = await pool.take(name, deadline);
    const isIdle = end === 'held' || end === 'waiting' || end === 'gone';
    const isBroken = end === 'failed' || end === 'newer';
    if (!isIdle) report.turns += 1;
    if (isBroken) report.broken += 1;
    if (isIdle || isBroken) idle.add(name.id);
  }
  while (!isOver()) {
    const from = Math.floor(runtime.random() * 16);
    const due = await store.due(DELIVERY_QUEUE, { now: runtime.now(), limit: DUE_LIMIT, from });
    const names = namesOfDue(due).filter((name) => !pool.has(name) && !idle.has(name.id));
    report.more = names.length > 0;
    if (names.length === 0) {
      if (pool.underWay() === 0) break;
      await pool.oneEnded();
      continue;
    }
    for (const name of names) {
      await pool.room();
      if (isOver()) break;
      void work(name);
    }
  }
  await pool.drain();
  return { ...report, more: report.more || followed.more };
}

/** One turn for one subscription, as a message of a queue names it. Answers whether it may be due again at once. */
export async function runDelivery(deps: DeliveryDeps, name: SubscriptionName, deadline: number): Promise<void> {
  await createDeliveryPool(deps).take(name, deadline);
}
