/**
 * Tries a feed's dead letters again, in order, after a schema was mended. It follows their log. One commit holds the appends
 * and the new position, so each letter is tried only once. A letter that is refused again stays a dead letter.
 */
import type { DeclaredStream } from '../../declare/stream.ts';
import type { LoggedEvent } from '../../base/event.ts';
import type { LogEntry, Operation } from '../../store/store.ts';
import { createAppender } from '../../streams/log/append.ts';
import { follow, type Round } from '../../streams/log/follower.ts';
import { projectLatest } from '../../streams/log/latest.ts';
import { loggedEvent, streamLog } from '../../streams/log/stream-log.ts';
import { idsFrom, logThrown, validateEvent } from '../../streams/log/validate-event.ts';
import { findFeed } from '../records/find-feed.ts';
import { ofFeed, type Scope } from '../../streams/scope.ts';
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
  const scope = ofFeed(caller, findFeed(caller.app, feed));
  const report: ReplayReport = { replayed: 0, duplicates: 0, refused: 0, cut: 0, done: false };
  const touched = new Set<DeclaredStream>();

  function begin(): Round {
    const letters: DeadLetter[] = [];
    let committed: (() => void) | null = null;
    return {
      take(entries: readonly LogEntry[]) {
        letters.push(...entries.map((entry) => deadLetter.read(entry)));
      },
      async effects() {
        const { valid, refused, cut } = sort(scope, letters);
        const appender = createAppender(scope, valid.keys(), null);
        await appender.load(valid.keys());
        const fresh = [...valid].map(([stream, events]) => [stream, appender.fresh(stream.name, events)] as const);
        const filled = fresh.filter(([, events]) => events.length > 0);
        const operations: Operation[] = appender.fenced(
          filled.map(([stream, events]) => loggedEvent.append(streamLog(scope.tenant, stream.name), events)),
        );
        const replayed = filled.reduce((sum, [, events]) => sum + events.length, 0);
        const tried = letters.length - refused - cut;
        committed = () => {
          for (const [stream] of filled) touched.add(stream);
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
  for (const stream of touched) await projectLatest(scope, stream, { deadline });
  return report;
}

/** The events of the letters that their streams accept now, and the counts of the other letters. */
function sort({ app, runtime }: Scope, letters: readonly DeadLetter[]) {
  const valid = new Map<DeclaredStream, LoggedEvent[]>();
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
      if (validated.ok) valid.set(stream, [...(valid.get(stream) ?? []), validated.event]);
      else {
        if (refused === 0) logThrown(runtime, stream, validated);
        refused += 1;
      }
    }
  }
  return { valid, refused, cut };
}
