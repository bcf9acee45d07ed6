/**
 * Keys of which nothing was heard in a range. A question that is about silence is answered with them: a count of 0, or the longest gap.
 */
import type { DeclaredStream } from '../../declare/stream.ts';
import { LIST_LIMIT } from '../../store/limits.ts';
import { passesWhere } from '../conditions/scope.ts';
import { readLatestByKey } from '../log/read-latest.ts';
import { ofStream, type Scope } from '../scope.ts';
import type { Plan } from './window-plan.ts';
import { BY_KEY } from './window-values.ts';

/** Whether a key that nothing was heard of is part of the answer: its count is 0, and its gap the longest. */
export function asksOfSilence({ empty, aggregates, by, range, scans }: Plan, isRanked: boolean): boolean {
  const isOfAllKeys = by.length === 1 && by[0] === BY_KEY && range.keys === null && scans.length === 1;
  const isOfGaps = aggregates.some(({ kind }) => kind === 'gaps' || kind === 'longestGap');
  return isOfAllKeys && scans[0]?.stream.keyed === true && (empty || isRanked || isOfGaps);
}

export interface KnownKeys {
  keys: string[];
  /** Those of them whose latest event fails the filter: it may not be meant for them, or be of a state that has changed. */
  failing: ReadonlySet<string>;
  hasMore: boolean;
}

/** The keys that the stream knows, whatever their latest events say. One store call. */
export async function knownKeys(scope: Scope, stream: DeclaredStream, { range: { where } }: Plan): Promise<KnownKeys> {
  const page = { after: null, limit: LIST_LIMIT };
  const { events, next } = await readLatestByKey(ofStream(scope, stream), stream.name, page);
  const failing = where === null ? [] : events.filter(({ data }) => !passesWhere(where, data));
  const keysOf = (some: typeof events) => some.flatMap(({ key }) => key ?? []);
  return { keys: keysOf(events), failing: new Set(keysOf(failing)), hasMore: next !== null };
}

/** Whether rows of so many keys are asked for and have room. */
export function haveRoom({ empty, grid, range, series }: Plan, keys: number, mostRows: number, now: number): boolean {
  if (!empty) return false;
  const until = Math.min(range.to ?? Infinity, now);
  const windows = grid.windowMs === null ? 1 : Math.ceil((until - range.from) / grid.windowMs) + 1;
  return windows * keys * series.length <= mostRows;
}
