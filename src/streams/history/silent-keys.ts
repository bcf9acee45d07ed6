/**
 * Keys of which nothing was heard in a range. They have no row unless empty windows are asked for, so an answer by keys names them:
 * their count is 0, and their gap the longest.
 */
import type { DeclaredStream } from '../../declare/stream.ts';
import { LIST_LIMIT } from '../../store/limits.ts';
import { passesWhere } from '../conditions/scope.ts';
import { readLatestByKey } from '../log/read-latest.ts';
import { ofStream, type Scope } from '../scope.ts';
import type { Plan } from './window-plan.ts';
import { BY_KEY } from './window-groups.ts';

/** Most store calls that read known keys, of 1,000 keys each. */
const MOST_PAGES = 5;

/** Whether the rows are of keys, and of one stream: then a key without a row is one of which nothing was heard. */
function isOfKeys({ by, scans }: Pick<Plan, 'by' | 'scans'>): boolean {
  return by.includes(BY_KEY) && scans.length === 1 && scans[0]?.stream.keyed === true;
}

/** Keys that are named of those without a row. */
const MOST_NAMED = 20;

/** The first keys in order, and how many there are. */
interface NamedKeys {
  keys: string[];
  count: number;
}

export interface Silence {
  /** Those that have rows of 0, since these were asked for and have room. */
  shown: readonly string[];
  /** Those without a row. Null: nobody looked, since rows are not of keys, or are of several streams. */
  silent:
    | (NamedKeys & {
        /** Known keys behind this one, in the order of keys, were not looked at; null: all were. */ after:
          | string
          | null;
      })
    | null;
  /** Of those that are shown, the ones whose latest event fails the filter. */
  failing: NamedKeys;
  storeCalls: number;
}

export const UNKNOWN_SILENCE: Silence = { shown: [], silent: null, failing: named([]), storeCalls: 0 };

interface Heard {
  /** Keys that have a row. */
  keys: ReadonlySet<string | null>;
  mostRows: number;
  now: number;
}

/** Looks for silent keys, for a whole answer. */
export async function silenceOf(scope: Scope, stream: DeclaredStream, plan: Plan, heard: Heard): Promise<Silence> {
  if (!isOfKeys(plan)) return UNKNOWN_SILENCE;
  const { keys, failing, hasMore, storeCalls } = await knownKeys(scope, stream, plan);
  const silent = keys.filter((key) => !heard.keys.has(key));
  const isShown = !hasMore && haveRoom(plan, heard.keys.size + silent.length, heard);
  return {
    shown: isShown ? silent : [],
    silent: { ...named(isShown ? [] : silent), after: hasMore ? (keys.at(-1) ?? null) : null },
    failing: named(isShown ? silent.filter((key) => failing.has(key)) : []),
    storeCalls,
  };
}

function named(keys: readonly string[]): NamedKeys {
  return { keys: keys.slice(0, MOST_NAMED), count: keys.length };
}

interface KnownKeys {
  keys: readonly string[];
  /** Those of them whose latest event fails the filter: it may not be meant for them, or be of a state that has changed. */
  failing: ReadonlySet<string>;
  /** There are further keys behind these, in the order of keys. */
  hasMore: boolean;
  storeCalls: number;
}

/**
 * The keys that were asked for, without a store call; where none was, those that the stream knows, whatever their latest events say,
 * with a store call for each 1,000.
 */
async function knownKeys(scope: Scope, stream: DeclaredStream, { range }: Plan): Promise<KnownKeys> {
  const { where } = range;
  const failing = new Set<string>();
  if (range.keys !== null) return { keys: range.keys, failing, hasMore: false, storeCalls: 0 };
  const keys: string[] = [];
  for (let calls = 0, after: string | null = null; ;) {
    const page: Awaited<ReturnType<typeof readLatestByKey>> = await readLatestByKey(
      ofStream(scope, stream),
      stream.name,
      { after, limit: LIST_LIMIT },
    );
    calls += 1;
    for (const { key, data } of page.events) {
      if (key === undefined) continue;
      keys.push(key);
      if (where !== null && !passesWhere(where, data)) failing.add(key);
    }
    after = page.next;
    if (after === null || calls >= MOST_PAGES) return { keys, failing, hasMore: after !== null, storeCalls: calls };
  }
}

/** Whether rows of so many keys are asked for and have room. */
function haveRoom({ empty, by, grid, range, series }: Plan, keys: number, { mostRows, now }: Heard): boolean {
  // Which values of further fields a silent key would have is not known.
  if (!empty || by.length > 1) return false;
  const until = Math.min(range.to ?? Infinity, now);
  const windows = grid.windowMs === null ? 1 : Math.ceil((until - range.from) / grid.windowMs) + 1;
  return windows * keys * series.length <= mostRows;
}
