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

/** Where a page in the order of times ended. */
export interface TimePlace {
  /** Of the last event that was given; or, where `isEdge`, what was given lies on the near side of it. Epoch ms. */
  time: number;
  isEdge: boolean;
  /** Behind the last event that was given; or the end of the log. */
  at: Cursor;
}

export interface RangeEnd {
  positions: Positions;
  /** As it was resolved. */
  range: Range;
  parts: Parts;
  /** Something that this page found, and the next one goes by. */
  flag: boolean;
  rest: Rest;
  /** Of a page in the order of times; its position is that of `at`. Absent: of a page in order of arrival. */
  time?: TimePlace | null;
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
