/** Where a page of a read of the past ended: what the cursor of the next one is made of. Pure. */
import { TidegateError } from '../../base/errors.ts';
import type { Json } from '../../base/json.ts';
import type { Cursor } from '../../store/store.ts';
import type { Range } from './range.ts';

/** Positions of the page's streams; null: that stream was read to its end. */
export type Positions = readonly (Cursor | null)[];

/** What a kind of read asks for beside its range, by the names of its arguments. At most two parts. */
export type Parts = Readonly<Record<string, Json>>;

/** The same in the form of earlier releases, which its reader chooses, and checks when a cursor brings it back. */
export type Rest = Json;

export interface RangeEnd {
  positions: Positions;
  /** As it was resolved. */
  range: Range;
  parts: Parts;
  /** Something that this page found, and the next one goes by. */
  flag: boolean;
  rest: Rest;
}

/** Whether no page follows. */
export function isOver({ positions }: Pick<RangeEnd, 'positions'>): boolean {
  return positions.every((position) => position === null);
}

export function badCursor(reason: string): TidegateError {
  return new TidegateError('bad_cursor', `the cursor cannot be used: ${reason}`, {
    field: 'cursor',
    expected: 'the cursor of the page before, with all other arguments as they were',
    hint: 'repeat the whole call that the page before told, or leave the cursor out to begin anew',
  });
}
