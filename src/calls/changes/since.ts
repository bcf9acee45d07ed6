/**
 * What changed since a cursor, for callers that listen to nothing. It is found by the positions of the logs themselves, so nothing
 * is missed however seldom somebody asks, and a change is told once.
 */
import type { Principal } from '../../base/principal.ts';
import { decodeCursor } from '../../store/cursor.ts';
import { READ_LIMIT } from '../../store/limits.ts';
import type { Cursor, LogPage, Store } from '../../store/store.ts';
import { keptOf } from './kept.ts';
import { decodePollCursor, encodePollCursor, markOfLog, type PollPositions } from './poll-cursor.ts';
import { type Changed, type Interest, interestsOf, type Wanted } from './topics.ts';

interface ChangesSince {
  /** Each once. */
  changes: ReadonlySet<Changed>;
  /** The next call goes on there. */
  cursor: string;
  /** Entries since the cursor are gone, or a log went back to an earlier state: all that the log tells of is among the changes. */
  truncated: boolean;
}

/**
 * One store call for each log. Where more than `READ_LIMIT` entries came to a log, all that it tells of counts as changed.
 * @param cursor null: nothing has changed, and the cursor is of now. So it is with each log that the cursor does not know
 * @throws TidegateError `bad_cursor`
 */
export async function changesSince(
  store: Pick<Store, 'read' | 'extent'>,
  principal: Principal,
  wanted: Wanted,
  cursor: string | null,
): Promise<ChangesSince> {
  const known: PollPositions = cursor === null ? new Map() : decodePollCursor(cursor);
  const positions = new Map<string, Cursor | null>();
  const changes = new Set<Changed>();
  let truncated = false;

  async function look(log: string, interest: Interest): Promise<void> {
    const mark = markOfLog(log);
    const from = known.get(mark);
    if (from === undefined) {
      positions.set(mark, (await store.extent(log)).end);
      return;
    }
    const page = await store.read(log, from, READ_LIMIT);
    const isMore = page.entries.length >= READ_LIMIT && page.cursor !== page.end;
    positions.set(mark, isMore ? page.end : page.cursor);
    const isGone = isTruncated(page, from);
    truncated ||= isGone;
    const found = isGone || isMore ? interest.all : changedBy(log, page, interest);
    for (const change of found) changes.add(change);
  }

  await Promise.all([...interestsOf(principal, wanted)].map(([log, interest]) => look(log, interest)));
  return { changes, cursor: encodePollCursor(positions), truncated };
}

/** Before the first entry nothing is known of a log: what was trimmed since then came later. */
function isTruncated({ truncated, floor }: LogPage, from: Cursor | null): boolean {
  return truncated || (from === null && floor !== null && decodeCursor(floor).place > 0);
}

function changedBy(log: string, { entries }: LogPage, interest: Interest): Iterable<Changed> {
  const found = new Set<Changed>();
  for (const entry of entries) {
    try {
      const kept = keptOf(log, entry);
      if (kept !== null) for (const change of interest.of(kept)) found.add(change);
    } catch {
      // An entry that cannot be read may concern anything.
      return interest.all;
    }
  }
  return found;
}
