/**
 * The work on deliveries: follows the logs that have subscribers, and sends what is due, of every tenant, until nothing is or the
 * time is over. A call that is missed, doubled or overlaps another does no harm, because leases decide.
 */
import { asTidegateError } from '../../base/errors.ts';
import type { DeclaredStream } from '../../declare/stream.ts';
import { DUE_LIMIT } from '../../store/limits.ts';
import { scopeOfLogs } from '../../streams/scope.ts';
import type { DeliveryDeps } from '../records/deps.ts';
import { DELIVERY_QUEUE, type SubscriptionName } from '../records/names.ts';
import { followOutbox, type OutboxReport } from './outbox.ts';
import { followDueOutboxes, type FollowedOutboxes, NOT_FOLLOWED, sourceLogs } from './places.ts';
import { createDeliveryPool, namesOfDue, type PoolOptions, type TurnEnded } from './pool.ts';

interface DeliveriesReport {
  /** Turns taken. */
  turns: number;
  /** Turns that the store broke off. */
  broken: number;
  /** Something is left for the next call. */
  more: boolean;
  /** When something is to be sent if nothing changes, epoch ms, as far as this process knows; null: it knows of nothing. */
  dueAt: number | null;
}

interface DeliveryWork {
  /** Whether a change of this log may concern a subscriber: the name of a stream, or `trigger.<name>`. */
  concerns(stream: string): boolean;
  /**
   * @param deadline epoch ms after which nothing is begun; what is under way may take 10 s more
   * @param places logs that have changed; null: those that are due to be followed. Errors as the store's
   */
  run(deadline: number, places: readonly { tenant: string; stream: string }[] | null): Promise<DeliveriesReport>;
  /** Resolves when all turns have ended. */
  stop(): Promise<void>;
}

interface DeliveryWorkOptions extends PoolOptions {
  /** The process stays up, so a run does not wait for receivers that take long. Default: it waits for all that it began. */
  stays?: boolean;
}

/** With less time than this left nothing is sent, ms: a receiver may take 10 s. */
const LEAST_MS = 1_000;
/** A log that nobody follows is not looked at again for so long, ms, however often it changes. It is looked at then. */
const QUIET_MS = 1_000;
const MOST_QUIET = 10_000;
/** In a process that stays up a run ends after this, ms, so that the next one follows what has changed meanwhile. */
const STAYING_RUN_MS = 500;

export function createDeliveryWork(deps: DeliveryDeps, options: DeliveryWorkOptions = {}): DeliveryWork {
  const { store, runtime, app } = deps;
  const { stays = false, signal } = options;
  const pool = createDeliveryPool(deps, options);
  const logs = sourceLogs(app);
  const quiet = new Map<string, number>();
  /** Those that changed while they were quiet. */
  const later = new Map<string, { tenant: string; stream: string }>();
  let soonest: number | null = null;

  async function followPlaces(
    deadline: number,
    places: readonly { tenant: string; stream: string }[],
  ): Promise<FollowedOutboxes> {
    const report: FollowedOutboxes = { woken: [], more: false };
    for (const { tenant, stream: name } of places) {
      const stream = logs.get(name);
      const place = `${tenant} ${name}`;
      if (stream === undefined) continue;
      if ((quiet.get(place) ?? 0) > runtime.now()) {
        later.set(place, { tenant, stream: name });
        continue;
      }
      if (runtime.now() >= deadline) return { ...report, more: true };
      quiet.delete(place);
      later.delete(place);
      const followed = await tryOutbox(tenant, stream, deadline);
      if (followed === null) continue;
      const { subscribed, woken, caughtUp } = followed;
      report.woken.push(...woken);
      report.more ||= !caughtUp;
      if (quiet.size > MOST_QUIET) quiet.clear();
      // Who subscribes meanwhile is found by its own wake, and its log by the mark.
      if (!subscribed) quiet.set(place, runtime.now() + QUIET_MS);
    }
    return report;
  }

  /** Null: it failed. Its mark comes due all the same, and the places behind it have their turn. */
  async function tryOutbox(tenant: string, stream: DeclaredStream, deadline: number): Promise<OutboxReport | null> {
    try {
      return await followOutbox(scopeOfLogs(deps, { tenant }), stream, deadline);
    } catch (thrown) {
      const { code, message } = asTidegateError(thrown);
      runtime.log('warn', NOT_FOLLOWED, { tenant, stream: stream.name, code, message });
      return null;
    }
  }

  /** When the first of those is to be looked at, epoch ms. */
  function quietUntil(): number | null {
    const times = [...later.keys()].map((place) => quiet.get(place) ?? 0);
    return times.length === 0 ? null : Math.min(...times);
  }

  async function followAll(
    deadline: number,
    places: readonly { tenant: string; stream: string }[] | null,
  ): Promise<FollowedOutboxes> {
    const due = places === null ? await followDueOutboxes(deps, deadline) : null;
    const named = (places ?? []).map((one) => [`${one.tenant} ${one.stream}`, one] as const);
    const own = await followPlaces(deadline, [...new Map([...later, ...named]).values()]);
    return due === null ? own : { woken: [...due.woken, ...own.woken], more: due.more || own.more };
  }

  return {
    concerns: (stream) => logs.has(stream),

    async run(deadline, places) {
      const report: DeliveriesReport = { turns: 0, broken: 0, more: false, dueAt: null };
      const isOver = () => signal?.aborted === true || deadline - runtime.now() < LEAST_MS;
      const followed = await followAll(deadline, places);
      const yieldsAt = stays ? runtime.now() + STAYING_RUN_MS : Number.MAX_SAFE_INTEGER;
      if (soonest !== null && soonest <= runtime.now()) soonest = null;
      // What was not due after all, or is somebody else's: a look at what is due may be stale.
      const idle = new Set<string>();

      function ended(name: SubscriptionName, { end, nextAt }: TurnEnded): void {
        if (nextAt !== null && (soonest === null || nextAt < soonest)) soonest = nextAt;
        const isIdle = end === 'held' || end === 'waiting' || end === 'gone';
        const isBroken = end === 'failed' || end === 'newer';
        if (!isIdle) report.turns += 1;
        if (isBroken) report.broken += 1;
        if (isIdle || isBroken) idle.add(name.id);
      }

      async function begin(names: readonly SubscriptionName[]): Promise<void> {
        for (const name of names) {
          // It stays due.
          if (!pool.hasShare(name)) continue;
          await pool.room();
          if (isOver()) return;
          if (runtime.now() >= yieldsAt) return void (report.more = true);
          void pool.take(name, deadline, (turn) => ended(name, turn));
        }
      }

      // What was woken just now need not show in a look at what is due.
      await begin(followed.woken);
      while (!isOver() && runtime.now() < yieldsAt) {
        const from = Math.floor(runtime.random() * 16);
        const due = await store.due(DELIVERY_QUEUE, { now: runtime.now(), limit: DUE_LIMIT, from });
        const open = namesOfDue(due).filter((name) => !pool.has(name) && !idle.has(name.id));
        const names = open.filter((name) => pool.hasShare(name));
        report.more = open.length > 0;
        if (names.length === 0) {
          if (pool.placed() === 0 && (stays || pool.underWay() === 0)) break;
          await pool.oneLeft();
          continue;
        }
        await begin(names);
      }
      if (!stays) await pool.drain();
      const times = [soonest, quietUntil()].filter((at) => at !== null);
      const dueAt = times.length === 0 ? null : Math.min(...times);
      return { ...report, more: report.more || followed.more, dueAt };
    },

    stop: () => pool.drain(),
  };
}
