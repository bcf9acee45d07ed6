/** What a driver keeps of a commit, so that one which is sent again gets the same answer. Not of the records themselves. */
import { TidegateError } from '../base/errors.ts';
import { parseJson } from '../base/json.ts';
import type { Cursor } from './store.ts';

/** The cursor behind what a commit appended, by log. @throws TidegateError `internal` where the text is none of ours */
export function readCursors(text: string): Record<string, Cursor> {
  const kept = parseJson(text);
  if (typeof kept !== 'object' || kept === null || Array.isArray(kept)) throw foreign();
  const cursors: Record<string, Cursor> = {};
  for (const [log, cursor] of Object.entries(kept)) {
    if (typeof cursor !== 'string') throw foreign();
    cursors[log] = cursor;
  }
  return cursors;
}

/** Epoch and place of each append, one after the other, as a script writes them: without any, Lua writes `{}`. */
export function readEnds(text: string): string[] {
  const kept = parseJson(text);
  if (typeof kept !== 'object' || kept === null) throw foreign();
  return Object.values(kept).map((value) => {
    if (typeof value !== 'string' && typeof value !== 'number') throw foreign();
    return String(value);
  });
}

function foreign(): TidegateError {
  return new TidegateError('internal', 'what the store keeps of a commit is not what this project wrote');
}
