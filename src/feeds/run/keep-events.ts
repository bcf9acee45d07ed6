/**
 * Puts events into the chunk of the next commit, but those that their stream has, and tells of them all who count or remember.
 * Nearly all events come one by one; sampling brings several that belong together.
 */
import { isGap, type LoggedEvent } from '../../base/event.ts';
import { jsonBytes } from '../../base/json.ts';
import type { createAppender } from '../../streams/log/append.ts';
import { loggedEvent, streamLog } from '../../streams/log/stream-log.ts';
import type { createGapFold } from '../records/gap-fold.ts';
import type { createRepeats } from '../records/repeats.ts';
import type { Sampled } from '../records/sampling.ts';
import type { createChunk } from './chunk.ts';
import type { createTally } from './tally.ts';

interface KeeperDeps {
  tenant: string;
  appender: ReturnType<typeof createAppender>;
  fold: ReturnType<typeof createGapFold>;
  chunk: ReturnType<typeof createChunk>;
  repeats: ReturnType<typeof createRepeats>;
  tally: ReturnType<typeof createTally>;
  now: () => number;
}

export interface EventKeeper {
  /** Adds an event if it is new. @param bytes of it as JSON; null: they are not known @returns how many are new; null: the chunk is full */
  keep: (stream: string, event: LoggedEvent, bytes: number | null) => number | null;
  /** Adds all that are new, or none. @returns as `keep` */
  keepAll: (events: readonly Sampled[]) => number | null;
}

export function createKeeper({ tenant, appender, fold, chunk, repeats, tally, now }: KeeperDeps): EventKeeper {
  const entryOf = (stream: string, event: LoggedEvent, bytes = jsonBytes(event)) => ({
    log: streamLog(tenant, stream),
    value: loggedEvent.encode(event),
    bytes,
  });

  /** Adds entries, and before them the gaps that end where something arrives. */
  function add(entries: ReturnType<typeof entryOf>[], arrived: number): boolean {
    if (arrived > 0 && fold.isPending()) {
      entries.unshift(...fold.closing().map(({ stream, event }) => entryOf(stream, event)));
    }
    if (!chunk.add(entries)) return false;
    if (arrived > 0) fold.arrived();
    tally.count('events', arrived);
    return true;
  }

  function remember(stream: string, event: LoggedEvent): void {
    appender.remember(stream, event);
    tally.filled(stream, isGap(event) ? null : event.time, now());
  }

  return {
    keep(stream, event, bytes) {
      const depth = appender.depthOf(stream, event);
      if (depth !== null) {
        repeats.repeated(stream, depth);
        tally.count('duplicates');
        return 0;
      }
      if (!add([entryOf(stream, event, bytes ?? undefined)], isGap(event) ? 0 : 1)) return null;
      repeats.appended(stream);
      remember(stream, event);
      return 1;
    },

    keepAll(events) {
      const depths = events.map(({ stream, event }) => appender.depthOf(stream, event));
      const fresh = events.filter((_one, index) => depths[index] === null);
      const entries = fresh.map(({ stream, event }) => entryOf(stream, event));
      if (!add(entries, fresh.filter(({ event }) => !isGap(event)).length)) return null;
      for (const [index, { stream }] of events.entries()) {
        const depth = depths[index] ?? null;
        if (depth === null) repeats.appended(stream);
        else repeats.repeated(stream, depth);
      }
      for (const { stream, event } of fresh) remember(stream, event);
      tally.count('duplicates', events.length - fresh.length);
      return fresh.length;
    },
  };
}
