/**
 * Cursors of `poll_changes`: a position in each log that tells of what was asked for, with a mark of the log. They are plain, as
 * those of streams are: a forged one reaches only logs that the caller may hear of anyway, and one of another caller knows none of
 * them. Pure.
 */
import { TidegateError } from '../../base/errors.ts';
import type { Cursor } from '../../store/store.ts';
import { readShort, shortDigest, shortPosition } from '../../streams/log/short-position.ts';

/** By the mark of a log. Null: before its first entry, whenever that comes. */
export type PollPositions = ReadonlyMap<string, Cursor | null>;

const MARK_CHARACTERS = 6;
const EPOCH_CHARACTERS = 8;
const BEGINS = 'c';
/** Positions have none. */
const BETWEEN = '.';
const PART = new RegExp(`^([\\w-]{${MARK_CHARACTERS}})(!?.{${EPOCH_CHARACTERS}}[0-9a-z]{1,11})?$`, 'su');

/** A mark of a log, which another log does not have. */
export function markOfLog(log: string): string {
  return shortDigest(log, MARK_CHARACTERS);
}

/** `c<mark><epoch><place>.<mark>…`; a log that never had an entry has its mark alone. */
export function encodePollCursor(positions: PollPositions): string {
  const parts = [...positions].map(
    ([mark, position]) => mark + (position === null ? '' : shortPosition(position, EPOCH_CHARACTERS)),
  );
  return BEGINS + parts.join(BETWEEN);
}

/** @throws TidegateError `bad_cursor` for a text that is no cursor of this kind */
export function decodePollCursor(text: string): PollPositions {
  const parts = text.startsWith(BEGINS) ? text.slice(BEGINS.length).split(BETWEEN) : [''];
  return new Map(
    parts.map((part) => {
      const [, mark, position] = PART.exec(part) ?? [];
      if (mark === undefined) throw badCursor();
      return [mark, position === undefined ? null : readShort(position, EPOCH_CHARACTERS)];
    }),
  );
}

function badCursor(): TidegateError {
  return new TidegateError('bad_cursor', 'the cursor cannot be used: it is not a cursor of this kind', {
    field: 'cursor',
    expected: 'the cursor that the poll before answered',
    hint: 'leave the cursor out to begin anew',
  });
}
