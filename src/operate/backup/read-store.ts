/**
 * What a backup takes out of a store, in an order in which nothing is lost while the app goes on:
 *
 *   1. positions of followers, before what they made of a log: they make it again, which harms nothing
 *   2. all other records
 *   3. what writes logs together with a position of its own (`writers.ts`), each with the end that its logs had at that moment
 *   4. logs, up to that end where there is one
 *
 * So no position lies beyond the log that it is in, and a feed goes on behind the last entry that the backup has. It is no snapshot: of
 * what was begun or changed while it was read, some records may be there and others not.
 */
import { LIST_LIMIT, READ_LIMIT } from '../../store/limits.ts';
import { jsonBytes } from '../../base/json.ts';
import { transferOf } from '../../store/driver.ts';
import { FILL_BYTES } from '../../store/limits.ts';
import { decodeCursor } from '../../store/cursor.ts';
import type { Cursor, LogEntry } from '../../store/store.ts';
import type { Deps } from '../../streams/deps.ts';
import { refuseHalfRestored } from '../../streams/half-restored.ts';
import type { BackedUp, BackupPart } from './format.ts';
import { isLogOf, isRecordOf, namedKind } from './kinds.ts';
import { createUnheld } from './unheld.ts';
import { isOfWriter, readWriters, type Writers } from './writers.ts';

/** Entries of the first page of a log; of the others as many as have about `PAGE_BYTES`. */
const FIRST_ENTRIES = 16;
const PAGE_BYTES = 1024 * 1024;

export interface ReadOptions {
  /** Whose data alone; null: of all. */
  tenant: string | null;
  /** For the head: the version of this package. */
  release?: string | null;
  /** How many records and entries were read by now. */
  progress: (done: number) => void;
}

type StorePart = Exclude<BackupPart, { kind: 'head' } | { kind: 'end' }>;

/** Errors as the store's, as `transferOf`, and for a store that is being restored or resumed meanwhile. */
export async function* readStore(deps: Deps, options: ReadOptions): AsyncGenerator<StorePart> {
  const { store, runtime } = deps;
  const { tenant } = options;
  const transfer = await transferOf(store);
  await refuseHalfRestored(store, runtime);
  const unheld = await createUnheld(deps);
  const writers: Writers = new Map();
  let done = 0;
  const told = (count: number) => options.progress((done += count));

  for (const isFirst of [true, false]) {
    for (let after: string | null = null, more = true; more;) {
      const page: Awaited<ReturnType<typeof transfer.records>> = await transfer.records(after, LIST_LIMIT);
      for (const record of await unheld.of(page.records)) {
        const now = runtime.now();
        if (!isTaken(record, tenant, now)) continue;
        if (isOfWriter(record, writers)) continue;
        if ((namedKind(record.partition).kind === 'position') !== isFirst) continue;
        yield { kind: 'record', record };
        told(1);
      }
      ({ next: after } = page);
      more = after !== null;
    }
  }
  const ends = new Map<string, Cursor | null>();
  for await (const record of readWriters(deps, writers, ends)) {
    yield { kind: 'record', record };
    told(1);
  }
  for (let after: string | null = null, more = true; more;) {
    const page: Awaited<ReturnType<typeof transfer.logs>> = await transfer.logs(after, LIST_LIMIT);
    for (const log of new Set(page.logs)) {
      if (tenant !== null && !isLogOf(tenant, log)) continue;
      for await (const part of readLog(deps, log, ends)) {
        yield part;
        if (part.kind === 'entries') told(part.entries.length);
      }
    }
    ({ next: after } = page);
    more = after !== null;
  }
  await unheld.ended();
}

function isTaken(record: BackedUp, tenant: string | null, now: number): boolean {
  if (record.expiresAt !== null && record.expiresAt <= now) return false;
  return tenant === null || isRecordOf(tenant, record);
}

/** The entries of a log that are there when they are read, up to its end where one is given. */
async function* readLog({ store }: Deps, log: string, ends: Map<string, Cursor | null>): AsyncGenerator<StorePart> {
  const end = ends.get(log) ?? (await store.extent(log)).end;
  // A log that is named on two pages is read once.
  if (end === null || ends.get(log) === null) return;
  ends.set(log, null);
  const { epoch, place: stop } = decodeCursor(end);
  let expected: number | null = null;
  let limit = FIRST_ENTRIES;
  for (let after: Cursor | null = null; expected === null || expected < stop;) {
    const page = await store.read(log, after, limit);
    const first = page.start === null ? stop : decodeCursor(page.start).place;
    // What was trimmed meanwhile is gone from the beginning alone. A log that began anew has another epoch.
    if (page.entries.length === 0 || first >= stop || decodeCursor(page.start ?? end).epoch !== epoch) return;
    if (first !== expected) yield { kind: 'log', log, epoch, place: first };
    const taken = page.entries.slice(0, stop - first);
    yield* inPieces(taken);
    expected = first + taken.length;
    after = page.cursor;
    const bytes = taken.reduce((sum, { value }) => sum + jsonBytes(value), 1);
    limit = Math.max(1, Math.min(READ_LIMIT, Math.floor((PAGE_BYTES * taken.length) / bytes)));
  }
}

/** Entries that one call of `fill` takes. */
function* inPieces(entries: readonly LogEntry[]): Generator<StorePart> {
  let piece: LogEntry[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const size = jsonBytes(entry.value);
    if (piece.length > 0 && (bytes + size > FILL_BYTES || piece.length === READ_LIMIT)) {
      yield { kind: 'entries', entries: piece };
      [piece, bytes] = [[], 0];
    }
    piece.push(entry);
    bytes += size;
  }
  if (piece.length > 0) yield { kind: 'entries', entries: piece };
}
