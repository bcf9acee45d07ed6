/**
 * Where the entries of removals stand in a stream's log, so that retention counts them as no events. Neighbours are one run.
 * Beyond `MOST_RUNS` the two oldest runs count as one, which keeps a little more than is declared. Pure but for the record.
 */
import * as z from 'zod';
import { decodeCursor } from '../../store/cursor.ts';
import { record } from '../../store/record.ts';
import type { Cursor, Put, Reading, RecordKey } from '../../store/store.ts';

const MOST_RUNS = 200;

interface RemovalEntries {
  /** The log's epoch. Places of another one say nothing. */
  epoch: string;
  /** Oldest first. `at` is the place of the first entry. */
  runs: { at: number; count: number }[];
}

const removalEntries = record<RemovalEntries>('entries of removals', () =>
  z.strictObject({ epoch: z.string(), runs: z.array(z.strictObject({ at: z.number(), count: z.number() })) }),
);

export function removalEntriesKey(tenant: string, stream: string): RecordKey {
  return { partition: `${tenant}/removal-entries`, id: stream };
}

/** The put that notes one more entry. @param end the log's end before it */
export function noteEntry(reading: Reading, end: Cursor): Put {
  const { epoch, place } = decodeCursor(end);
  const standing = removalEntries.read(reading);
  const runs = standing?.epoch === epoch ? [...standing.runs] : [];
  const last = runs.at(-1);
  if (last && last.at + last.count === place) runs[runs.length - 1] = { ...last, count: last.count + 1 };
  else runs.push({ at: place, count: 1 });
  const [first, second] = runs;
  if (runs.length > MOST_RUNS && first && second) {
    runs.splice(0, 2, { at: second.at, count: first.count + second.count });
  }
  return removalEntries.replace(reading, { epoch, runs });
}

/** How many entries of removals stand behind the newest event. @param end the log's end */
export function entriesBehind(reading: Reading, end: Cursor): number {
  const { epoch, place } = decodeCursor(end);
  const standing = removalEntries.read(reading);
  const last = standing?.epoch === epoch ? standing.runs.at(-1) : undefined;
  return last !== undefined && last.at + last.count === place ? last.count : 0;
}

/** How many entries hold the newest `keep` events. @param end the log's end */
export function entriesOf(reading: Reading, end: Cursor, keep: number): number {
  const { epoch, place } = decodeCursor(end);
  const standing = removalEntries.read(reading);
  if (standing?.epoch !== epoch) return keep;
  let removals = 0;
  for (const { at, count } of standing.runs.toReversed()) {
    if (place - at - count - removals >= keep) break;
    removals += count;
  }
  return keep + removals;
}
