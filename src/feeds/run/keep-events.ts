/**
 * Puts events into the chunk of the next commit, but those that their stream has, and tells of them all who count or remember.
 * Nearly all events come one by one; sampling brings several that belong together.
 */
import { isGap, type LoggedEvent } from '../../base/event.ts';
import { jsonBytes } from '../../base/json.ts';
import type { Appender } from '../../streams/log/append.ts';
import type { Place } from '../../streams/log/place.ts';
import { loggedEvent } from '../../streams/log/stream-log.ts';
import type { GapFold } from '../records/gap-fold.ts';
import type { Repeats } from '../records/repeats.ts';
import type { TenantGaps } from '../records/tenant-gaps.ts';
import type { Chunk, ChunkEntry } from './chunk.ts';
import type { PlacedEvent } from './judge-items.ts';
import type { Tally } from './tally.ts';

interface KeeperDeps {
  appender: Appender;
  fold: GapFold;
  tenantGaps: TenantGaps;
  chunk: Chunk;
  repeats: Repeats;
  tally: Tally;
  placeNamed: (name: string) => Place | null;
  now: () => number;
}

export interface EventKeeper {
  /** Adds an event if it is new. @param bytes of it as JSON; null: they are not known @returns how many are new; null: the chunk is full */
  keep: (place: Place, event: LoggedEvent, bytes: number | null) => number | null;
  /** Adds all that are new, or none. @returns as `keep` */
  keepAll: (events: readonly PlacedEvent[]) => number | null;
}

export function createKeeper(deps: KeeperDeps): EventKeeper {
  const { appender, fold, tenantGaps, chunk, repeats, tally, placeNamed, now } = deps;

  function entryOf({ log, stream }: Place, event: LoggedEvent, bytes = jsonBytes(event)): ChunkEntry {
    const puts = (stream.identified ? 1 : 0) + (stream.tenantOf !== null && tenantGaps.isAny() ? 1 : 0);
    return { log, value: loggedEvent.encode(event), bytes, puts };
  }

  /** The gaps that are told before events of these places. */
  function gapsBefore(places: ReadonlySet<Place>): ChunkEntry[] {
    return [...places].flatMap((place) => tenantGaps.before(place).map((gap) => entryOf(place, gap)));
  }

  /** Adds entries, and before them the gaps that end where something arrives. */
  function add(entries: ChunkEntry[], arrived: number, places: ReadonlySet<Place> | null): boolean {
    if (arrived > 0 && fold.isPending()) {
      const closing = fold.closing().flatMap(({ stream, event }) => {
        const place = placeNamed(stream);
        return place === null ? [] : [entryOf(place, event)];
      });
      entries.unshift(...closing);
    }
    if (arrived > 0 && places !== null) entries.unshift(...gapsBefore(places));
    if (!chunk.add(entries)) return false;
    if (arrived > 0) fold.arrived();
    if (arrived > 0 && places !== null) for (const place of places) tenantGaps.gathered(place);
    tally.count('events', arrived);
    return true;
  }

  function remember(place: Place, event: LoggedEvent): void {
    appender.remember(place, event);
    tally.filled(place, isGap(event) ? null : event.time, now());
  }

  function appended({ stream, log }: Place): void {
    if (stream.tenantOf === null) repeats.appended(stream.name);
    else repeats.appended(stream.name, log);
  }

  return {
    keep(place, event, bytes) {
      const depth = appender.depthOf(place, event);
      if (depth !== null) {
        repeats.repeated(place.stream.name, depth);
        tally.count('duplicates');
        return 0;
      }
      const places = tenantGaps.isAny() ? new Set([place]) : null;
      if (!add([entryOf(place, event, bytes ?? undefined)], isGap(event) ? 0 : 1, places)) return null;
      appended(place);
      remember(place, event);
      return 1;
    },

    keepAll(events) {
      const depths = events.map(({ place, event }) => appender.depthOf(place, event));
      const fresh = events.filter((_one, index) => depths[index] === null);
      const entries = fresh.map(({ place, event }) => entryOf(place, event));
      const arrived = fresh.filter(({ event }) => !isGap(event)).length;
      const places = tenantGaps.isAny() ? new Map(fresh.map(({ place }) => [place.log, place])) : null;
      if (!add(entries, arrived, places && new Set(places.values()))) return null;
      for (const [index, { place }] of events.entries()) {
        const depth = depths[index] ?? null;
        if (depth === null) appended(place);
        else repeats.repeated(place.stream.name, depth);
      }
      for (const { place, event } of fresh) remember(place, event);
      tally.count('duplicates', events.length - fresh.length);
      return fresh.length;
    },
  };
}
