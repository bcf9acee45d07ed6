/** What a follower run has to show, as sentences about what is wrong; none when all promises held. */
import { decodeCursor } from '../../src/store/cursor.ts';
import type { Cursor } from '../../src/store/store.ts';
import type { Sighting } from './follower-process.ts';

export interface Followed {
  /** What each follower saw, in the order in which it did. */
  sightings: Record<string, Sighting[]>;
  /** How many entries each appender gave. */
  given: Record<string, number>;
  /** The log's end when all was appended. */
  end: Cursor | null;
  /** Whether entries were trimmed that followers had not read; else they have to see every one. */
  mayMiss: boolean;
}

export function followVerdict({ sightings, given, end, mayMiss }: Followed): string[] {
  const wrong: string[] = [];
  const placed = new Map<Cursor, string>();
  for (const [follower, seen] of Object.entries(sightings)) {
    const say = (what: string, count: number) => count > 0 && wrong.push(`${follower}: ${count} ${what}`);
    const steps = seen.slice(1).map((now, index) => ({ before: seen[index]!, now }));
    say('cursors not after the one before', steps.filter(({ before, now }) => advance(before, now) <= 0).length);
    say(
      'entries skipped in silence',
      steps.filter(({ before, now }) => !now.truncated && advance(before, now) > 1).length,
    );
    say('said to be truncated with nothing trimmed', mayMiss ? 0 : seen.filter(({ truncated }) => truncated).length);
    say('append times that fell', steps.filter(({ before, now }) => now.appendedAt < before.appendedAt).length);
    say('entries seen otherwise by another', seen.filter((each) => !agrees(placed, each)).length);
    if (seen.at(-1)?.cursor !== end) wrong.push(`${follower}: did not come to the end`);
    for (const [by, count] of Object.entries(given)) {
      const numbers = seen.filter((each) => each.by === by).map(({ n }) => n);
      say(`of ${by} out of order or twice`, numbers.slice(1).filter((n, index) => n <= numbers[index]!).length);
      say(`of ${by} never given`, numbers.filter((n) => n >= count).length);
      if (!mayMiss) say(`of ${by} lost`, count - new Set(numbers).size);
    }
  }
  return wrong;
}

/** By how many places a cursor lies beyond another; another epoch counts as back. */
function advance(before: Sighting, now: Sighting): number {
  const [from, to] = [decodeCursor(before.cursor), decodeCursor(now.cursor)];
  return from.epoch === to.epoch ? to.place - from.place : -1;
}

/** Whether the same entry stands before the same cursor for all who saw it. */
function agrees(placed: Map<Cursor, string>, { cursor, by, n }: Sighting): boolean {
  const entry = `${by} ${n}`;
  const known = placed.get(cursor) ?? entry;
  placed.set(cursor, entry);
  return known === entry;
}
