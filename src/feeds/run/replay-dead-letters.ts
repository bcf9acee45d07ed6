/**
 * Tries a feed's dead letters again, in order, after a schema was mended. It follows their log. One commit holds the appends, the new
 * position and which letters were refused again, so each letter is appended once at most. A letter that is refused again stays a dead
 * letter, and `again` tries those once more.
 */
import type { LoggedEvent } from '../../base/event.ts';
import { commitSurely } from '../../store/commit.ts';
import { decodeCursor, encodeCursor } from '../../store/cursor.ts';
import type { Cursor, LogEntry, Operation } from '../../store/store.ts';
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
import { refusedKey, refusedLetters, withRefused } from '../records/refused-letters.ts';
import { type DeadLetter, deadLetter, deadLetterLog, ERASED, LETTERS_FOLLOWER } from '../records/dead-letters.ts';

interface ReplayReport {
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
/** After this many conflicts in a row the others go on. */
const MOST_CONFLICTS = 8;

/** @param deadline epoch ms. Errors as `follow`. */
export async function replayDeadLetters(caller: Scope, feed: string, deadline: number): Promise<ReplayReport> {
  const scope = ofLetters(caller, findFeed(caller.app, feed));
  const report: ReplayReport = { replayed: 0, duplicates: 0, refused: 0, cut: 0, done: false };
  const touched = new Map<string, Place>();
  const key = refusedKey(scope.tenant, feed);

  function begin(): Round {
    const found: Found[] = [];
    let committed: (() => void) | null = null;
    return {
      take(entries: readonly LogEntry[]) {
        found.push(...entries.map((entry) => ({ cursor: entry.cursor, letter: deadLetter.read(entry) })));
      },
      async effects() {
        const tried = await tryLetters(scope, found, report, touched);
        ({ committed } = tried);
        if (tried.refused.length === 0) return tried.operations;
        const reading = await scope.store.get(key, scope.runtime.now());
        const cursors = withRefused(refusedLetters.read(reading)?.cursors ?? [], tried.refused);
        return [...tried.operations, refusedLetters.replace(reading, { cursors })];
      },
      committed: () => committed?.(),
    };
  }

  const followed = await follow({
    scope,
    log: deadLetterLog(scope.tenant, feed),
    follower: LETTERS_FOLLOWER,
    repeatable: false,
    limit: ROUND,
    deadline,
    begin,
  });
  report.done = followed.caughtUp;
  await project(scope, touched, deadline);
  return report;
}

/**
 * Tries those once more that were refused again.
 * @param tried those that need no further try; it gets what is tried
 * @param deadline epoch ms. Errors as the store's.
 */
export async function replayRefused(
  caller: Scope,
  feed: string,
  tried: Set<Cursor>,
  deadline: number,
): Promise<ReplayReport> {
  const scope = ofLetters(caller, findFeed(caller.app, feed));
  const { store, runtime } = scope;
  const report: ReplayReport = { replayed: 0, duplicates: 0, refused: 0, cut: 0, done: false };
  const touched = new Map<string, Place>();
  for (let conflicts = 0; conflicts < MOST_CONFLICTS && runtime.now() < deadline;) {
    const reading = await store.get(refusedKey(scope.tenant, feed), runtime.now());
    const known = refusedLetters.read(reading)?.cursors ?? [];
    const some = known.filter((cursor) => !tried.has(cursor)).slice(0, ROUND);
    report.done = some.length === 0;
    if (report.done) break;
    const found = await readLetters(scope, feed, some);
    const { operations, refused, committed } = await tryLetters(scope, found, report, touched);
    const left = known.filter((cursor) => !some.includes(cursor) || refused.includes(cursor));
    const own = left.length === known.length ? [] : [refusedLetters.replace(reading, { cursors: left })];
    const all = [...operations, ...own];
    const result = all.length === 0 ? null : await commitSurely(runtime, store, all, deadline);
    if (result?.status === 'conflict') {
      conflicts += 1;
      continue;
    }
    conflicts = 0;
    committed();
    for (const cursor of some) tried.add(cursor);
  }
  await project(scope, touched, deadline);
  return report;
}

interface Found {
  cursor: Cursor;
  letter: DeadLetter;
}

/** Those that are kept still. */
async function readLetters(scope: Scope, feed: string, cursors: readonly Cursor[]): Promise<Found[]> {
  const log = deadLetterLog(scope.tenant, feed);
  const found: Found[] = [];
  for (const cursor of cursors) {
    const { epoch, place } = decodeCursor(cursor);
    const page = await scope.store.read(log, encodeCursor(epoch, place - 1), 1);
    const [entry] = page.entries;
    if (entry !== undefined && !page.truncated) found.push({ cursor, letter: deadLetter.read(entry) });
  }
  return found;
}

/** What is to be committed of letters that are tried, which of them are refused, and what follows once it is committed. */
async function tryLetters(
  scope: Scope,
  found: readonly Found[],
  report: ReplayReport,
  touched: Map<string, Place>,
): Promise<{ operations: Operation[]; refused: Cursor[]; committed: () => void }> {
  // What was dropped is no letter any more.
  const standing = found.filter(({ letter }) => letter.reason !== ERASED);
  const { valid, refused, cut } = await sort(scope, standing);
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
  const tried = standing.length - refused.length - cut;
  return {
    operations,
    refused,
    committed() {
      for (const { place } of filled) touched.set(place.log, place);
      report.replayed += replayed;
      report.duplicates += tried - replayed;
      report.refused += refused.length;
      report.cut += cut;
      appender.committed(operations, null);
    },
  };
}

async function project(scope: Scope, touched: ReadonlyMap<string, Place>, deadline: number): Promise<void> {
  for (const { tenant, stream } of touched.values()) await projectLatest({ ...scope, tenant }, stream, { deadline });
}

/** The events of the letters that their streams accept now, the letters that they refuse, and how many cannot be tried. */
async function sort(scope: Scope, letters: readonly Found[]) {
  const { app, runtime } = scope;
  const valid = new Map<string, { place: Place; events: LoggedEvent[] }>();
  const refused: Cursor[] = [];
  let cut = 0;
  const newId = idsFrom(runtime.newId());
  const now = runtime.now();
  for (const { cursor, letter } of letters) {
    const { item: data, key, time, meta, at: receivedAt } = letter;
    const stream = app.streams.get(letter.stream);
    if (letter.cut) cut += 1;
    else if (!stream) refused.push(cursor);
    else {
      const raw = {
        data,
        ...(key === undefined ? {} : { key }),
        ...(time === undefined ? {} : { time }),
        ...(meta === undefined ? {} : { meta }),
      };
      const validated = validateEvent(stream, raw, { receivedAt, now, newId });
      const own = ofStream(scope, stream);
      // The transport gave no key that the event could have, and its data have none.
      const isKeyless = validated.ok && stream.keyed && validated.event.key === undefined;
      const found = validated.ok && !isKeyless ? await placeOfEvent(own, stream, validated.event.data) : null;
      if (validated.ok && found !== null) {
        const place = logPlace(found, stream);
        const { events } = valid.get(place.log) ?? { events: [] };
        valid.set(place.log, { place, events: [...events, validated.event] });
      } else {
        if (refused.length === 0 && !validated.ok) logThrown(runtime, stream, validated);
        refused.push(cursor);
      }
    }
  }
  return { valid: [...valid.values()], refused, cut };
}
