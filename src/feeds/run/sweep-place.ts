/**
 * The sweep of what stands in one tenant's name, or in that of all: latest events and indexes of times are brought up to date, what
 * was removed is erased, and logs are kept within their retention. It decides neither whose turn it is nor when it is over.
 */
import type { StreamTenants } from '../../declare/feed.ts';
import type { DeclaredStream } from '../../declare/stream.ts';
import { GET_MANY_LIMIT } from '../../store/limits.ts';
import type { Deps } from '../../streams/deps.ts';
import { LATEST_FOLLOWER, projectLatest } from '../../streams/log/latest.ts';
import { removalsKey } from '../../streams/log/removals.ts';
import { trimLog, trimStream } from '../../streams/log/retention.ts';
import { buildTimes } from '../../streams/log/times-keep.ts';
import { eraseAll } from '../../streams/removing/erase-removed.ts';
import { type StreamScope, streamsOf } from '../../streams/scope.ts';
import { DEAD_LETTER_AGE_MS, deadLetterLog, KEPT_DEAD_LETTERS } from '../records/dead-letters.ts';

interface PlaceSweep {
  deps: Deps;
  /** Epoch ms. */
  deadline: number;
  /** By which what is old is removed, epoch ms (see `store/clock-seen.ts`). */
  agesBy: number;
  options: {
    deadLetters?: number;
    deadLetterAgeMs?: number;
    logs?: (of: StreamTenants) => readonly DeclaredStream[];
  };
  /** What was done is added to it. */
  report: { events: Record<string, number>; deadLetters: Record<string, number>; projected: number };
  /** Runs a step that answers whether it left something. Answers whether all of it was done, which it is not where it failed. */
  attempt: (step: () => Promise<boolean>) => Promise<boolean>;
}

/**
 * Shared streams of one sweep, with four store calls or more each: a platform bounds the calls of an invocation. Tenants have turns of
 * their own.
 */
const SWEPT_STREAMS = 100;
/** One sweep in so many looks at the further logs that all share. */
const LOGS_EVERY = 60;

/** @returns what sweeps what stands in the name of one tenant, or of all, and answers whether all of it was done */
export function createPlaceSweep({ deps, deadline, agesBy, options, report, attempt }: PlaceSweep) {
  const { app, runtime } = deps;
  const kept = {
    keep: options.deadLetters ?? KEPT_DEAD_LETTERS,
    ageMs: options.deadLetterAgeMs ?? DEAD_LETTER_AGE_MS,
  };

  return async function sweepPlace(scope: StreamScope, of: StreamTenants): Promise<boolean> {
    let done = true;
    const also = async (step: () => Promise<boolean>) => {
      if (!(await attempt(step))) done = false;
    };
    const trim = (stream: DeclaredStream) => async () => {
      const { removed, more } = await trimStream(scope, stream, deadline, agesBy);
      report.events[stream.name] = (report.events[stream.name] ?? 0) + removed;
      return more;
    };
    for (const stream of turnsOf(streamsOf(deps, of), runtime.random(), of === 'shared' ? SWEPT_STREAMS : null)) {
      let isBeingRemoved = false;
      await also(async () => {
        const { entries, caughtUp, unindexed, removals } = await projectLatest(scope, stream, { deadline });
        report.projected += entries;
        isBeingRemoved = removals;
        const built = !unindexed || (await buildTimes(scope, stream, LATEST_FOLLOWER, deadline)).built;
        return !caughtUp || !built;
      });
      await also(async () => isBeingRemoved && !(await eraseAll(scope, stream, deadline)));
      await also(trim(stream));
    }
    // A tenant has its turn once a day.
    if (of === 'each' || runtime.random() * LOGS_EVERY < 1) {
      for (const log of options.logs?.(of) ?? []) await also(trim(log));
    }
    let being: DeclaredStream[] = [];
    await also(async () => {
      being = await erasedLogs(deps, scope, of);
      return false;
    });
    for (const log of being) await also(async () => !(await eraseAll(scope, log, deadline)));
    for (const { name: feed, tenants, namesTenants } of app.feeds.values()) {
      // Of events that name their tenants each has its dead letters, and the app those that name nobody.
      if (tenants !== of && !namesTenants) continue;
      await also(async () => {
        const { removed, more } = await trimLog(scope, deadLetterLog(scope.tenant, feed), kept, deadline, agesBy);
        report.deadLetters[feed] = (report.deadLetters[feed] ?? 0) + removed;
        return more;
      });
    }
    return done;
  };
}

/**
 * Those that are swept now, `most` of them (null: all). Each sweep begins with another one, so that where its time or its calls never
 * suffice for all, none is left out by every sweep.
 * @param chance in [0, 1)
 */
export function turnsOf<Stream>(streams: readonly Stream[], chance: number, most: number | null): Stream[] {
  const first = Math.floor(chance * streams.length);
  return [...streams.slice(first), ...streams.slice(0, first)].slice(0, most ?? streams.length);
}

/** Logs of occurrences from which something is removed. One store call for each 100 triggers. */
async function erasedLogs({ app, runtime }: Deps, scope: StreamScope, of: StreamTenants): Promise<DeclaredStream[]> {
  const logs = [...app.triggers.values()].filter(({ tenants }) => tenants === of).map(({ log }) => log);
  const being: DeclaredStream[] = [];
  for (let from = 0; from < logs.length; from += GET_MANY_LIMIT) {
    const some = logs.slice(from, from + GET_MANY_LIMIT);
    const keys = some.map(({ name }) => removalsKey(scope.tenant, name));
    const readings = await scope.store.getMany(keys, runtime.now());
    being.push(...some.filter((_, index) => readings[index]?.value != null));
  }
  return being;
}
