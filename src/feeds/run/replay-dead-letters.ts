/**
 * Tries a feed's dead letters again, in order, after a schema was mended. It follows their log. One commit holds the appends
 * and the new position, so each letter is tried only once. A letter that is refused again stays a dead letter.
 */
import type { LoggedEvent } from '../../base/event.ts';
import type { LogEntry, Operation } from '../../store/store.ts';
import { createAppender } from '../../streams/log/append.ts';
import { follow, type Round } from '../../streams/log/follower.ts';
import { projectLatest } from '../../streams/log/latest.ts';
import { logPlace, type Place } from '../../streams/log/place.ts';
import { loggedEvent } from '../../streams/log/stream-log.ts';
import { idsFrom, logThrown, validateEvent } from '../../streams/log/validate-event.ts';
import { placeOfEvent } from '../../streams/of-event.ts';
import { findFeed } from '../records/find-feed.ts';
import { ofLetters, ofStream, type Scope } from '../../streams/scope.ts';
import { noteWrites } from '../../streams/tenant-work.ts';
import { type DeadLetter, deadLetter, deadLetterLog } from '../records/dead-letters.ts';

export interface ReplayReport {
  /** Letters whose events were appended to their streams. */
  replayed: number;
  /** Letters whose ids the streams had already. */
  duplicates: number;
  /** Letters that were refused again. */
  refused: number;
  /** Letters whose items were cut, so that they cannot be tried. */
  cut: number;
  /** True: no letter is left to try. */
  done: boolean;
}

/** Most letters in one commit. A letter has at most 16 KiB. */
const ROUND = 20;
const FOLLOWER = 'replay';

/** @param deadline epoch ms. Errors as `follow`. */
export async function replayDeadLetters(caller: Scope, feed: string, deadline: number): Promise<ReplayReport> {
  const scope = ofLetters(caller, findFeed(caller.app, feed));
  const report: ReplayReport = { replayed: 0, duplicates: 0, refused: 0, cut: 0, done: false };
  const touched = new Map<string, Place>();

  function begin(): Round {
    const letters: DeadLetter[] = [];
    let committed: (() => void) | null = null;
    return {
      take(entries: readonly LogEntry[]) {
        letters.push(...entries.map((entry) => deadLetter.read(entry)));
      },
      async effects() {
        const { valid, refused, cut } = await sort(scope, letters);
        const appender = createAppender(scope, null);
        const places = valid.map(({ place }) => place);
        const named = places.filter(({ stream }) => stream.tenantOf !== null);
        await noteWrites(scope, new Set(named.map(({ tenant }) => tenant)));
        await appender.load(places);
        const fresh = valid.map(({ place, events }) => ({ place, events: appender.fresh(place, events) }));
        const filled = fresh.filter(({ events }) => events.length > 0);
        const operations: Operation[] = appender.fenced(
          filled.map(({ place, events }) => loggedEvent.append(place.log, events)),
        );
        const replayed = filled.reduce((sum, { events }) => sum + events.length, 0);
        const tried = letters.length - refused - cut;
        committed = () => {
          for (const { place } of filled) touched.set(place.log, place);
          report.replayed += replayed;
          report.duplicates += tried - replayed;
          report.refused += refused;
          report.cut += cut;
          appender.committed(operations, null);
        };
        return operations;
      },
      committed: () => committed?.(),
    };
  }

  const followed = await follow({
    scope,
    log: deadLetterLog(scope.tenant, feed),
    follower: FOLLOWER,
    repeatable: false,
    limit: ROUND,
    deadline,
    begin,
  });
  report.done = followed.caughtUp;
  for (const { tenant, stream } of touched.values()) await projectLatest({ ...scope, tenant }, stream, { deadline });
  return report;
}

/** The events of the letters that their streams accept now, and the counts of the other letters. */
async function sort(scope: Scope, letters: readonly DeadLetter[]) {
  const { app, runtime } = scope;
  const valid = new Map<string, { place: Place; events: LoggedEvent[] }>();
  let refused = 0;
  let cut = 0;
  const newId = idsFrom(runtime.newId());
  const now = runtime.now();
  for (const letter of letters) {
    const { item: data, key, time, at: receivedAt } = letter;
    const stream = app.streams.get(letter.stream);
    if (letter.cut) cut += 1;
    else if (!stream) refused += 1;
    else {
      const raw = { data, ...(key === undefined ? {} : { key }), ...(time === undefined ? {} : { time }) };
      const validated = validateEvent(stream, raw, { receivedAt, now, newId });
      const own = ofStream(scope, stream);
      const found = validated.ok ? await placeOfEvent(own, stream, validated.event.data) : null;
      if (validated.ok && found !== null) {
        const place = logPlace(found, stream);
        const { events } = valid.get(place.log) ?? { events: [] };
        valid.set(place.log, { place, events: [...events, validated.event] });
      } else {
        if (refused === 0 && !validated.ok) logThrown(runtime, stream, validated);
        refused += 1;
      }
    }
  }
  return { valid: [...valid.values()], refused, cut };
}
