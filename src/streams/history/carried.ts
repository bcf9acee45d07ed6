/**
 * Finds the values that stood when a range began, for the time in a state: a door that was opened
 * before the range is open in it. A scan begins a while before its range; this finds what is older. A key whose latest event lies before
 * the range has its value there, by one store call for up to 1,000 keys. Each of a few other keys is sought backward in the log,
 * which has no index by key. Keys that were not sought, or not found within the bound, are named.
 */
import type { Where } from '../../declare/condition.ts';
import type { DeclaredStream } from '../../declare/stream.ts';
import { isGap, type StreamEvent } from '../../base/event.ts';
import { LIST_LIMIT, READ_LIMIT } from '../../store/limits.ts';
import { passesWhere } from '../conditions/scope.ts';
import { readLatestByKey, readLatestOf } from '../log/read-latest.ts';
import type { ReadLimits } from '../ranges/range-scan.ts';
import { SCAN_BUDGET } from '../ranges/scan.ts';
import { ofStream, type Scope } from '../scope.ts';
import { readHistory } from './events.ts';
import { BY_KEY } from './window-groups.ts';
import type { Plan } from './window-plan.ts';
import type { Windows } from './window-values.ts';

/** Most keys of a stream that are sought in the log. */
const MOST_SOUGHT = 8;
/** Most reads for each of them. */
const READS_EACH = 2;
/** Gaps pass every filter, so the newest event before the range may be one. */
const EVENTS_EACH = 5;

export interface Carried {
  /** Keys whose value at the beginning of the range may stand further back; null: of a stream without keys. */
  unknown: readonly (string | null)[];
  /** Further keys that the stream knows were not looked at. */
  hasMore: boolean;
  storeCalls: number;
}

export const NOTHING_CARRIED: Carried = { unknown: [], hasMore: false, storeCalls: 0 };

/**
 * Gives the windows the values before their range.
 * @param built by stream, then series, as the scan left them
 */
export async function carryIn(
  scope: Scope,
  plan: Plan,
  built: readonly (readonly Windows[])[],
  limits: ReadLimits,
): Promise<Carried> {
  const each = await Promise.all(
    plan.scans.map(({ stream }, index) => carryStream(scope, stream, plan, built[index] ?? [], limits)),
  );
  return {
    unknown: [...new Set(each.flatMap(({ unknown }) => unknown))],
    hasMore: each.some(({ hasMore }) => hasMore),
    storeCalls: each.reduce((sum, { storeCalls }) => sum + storeCalls, 0),
  };
}

async function carryStream(
  scope: Scope,
  stream: DeclaredStream,
  plan: Plan,
  windows: readonly Windows[],
  limits: ReadLimits,
): Promise<Carried> {
  const { range, by } = plan;
  const take = (events: readonly Omit<StreamEvent, 'stream'>[]) => {
    const before = events.filter(({ time }) => time < range.from).filter((event) => !isGap(event));
    for (const event of before) {
      if (range.where !== null && !passesWhere(range.where, event.data)) continue;
      for (const one of windows) one.add(event);
    }
  };
  const isKnown = (key: string | null) =>
    windows.every((one) =>
      one.groups().some((group) => group.before !== null && (group.key === key || !by.includes(BY_KEY))),
    );
  const latest = await latestOf(scope, stream, range.keys);
  take(latest.events);
  const missing = latest.keys.filter((key) => !isKnown(key));
  const sought = missing.slice(0, MOST_SOUGHT);
  const found = await Promise.all(sought.map((key) => newestBefore(scope, stream, plan, key, limits)));
  // Of equal times the last to arrive holds.
  for (const { events } of found) take(events.toReversed());
  const unsure = sought.filter((key, index) => found[index]?.complete !== true && !isKnown(key));
  return {
    unknown: [...unsure, ...missing.slice(MOST_SOUGHT)],
    hasMore: latest.hasMore,
    storeCalls: found.reduce((sum, { scanned }) => sum + scanned.storeCalls, 1),
  };
}

/** The latest events of the keys that were asked for; where none was, of those that the stream knows. One store call. */
async function latestOf(scope: Scope, stream: DeclaredStream, asked: readonly string[] | null) {
  const place = ofStream(scope, stream);
  if (stream.keyed && asked === null) {
    const { events, next } = await readLatestByKey(place, stream.name, { after: null, limit: LIST_LIMIT });
    return { events, keys: events.flatMap(({ key }) => key ?? []), hasMore: next !== null };
  }
  const keys = stream.keyed && asked !== null ? asked : [null];
  const { events } = await readLatestOf(place, stream.name, keys);
  return { events, keys, hasMore: false };
}

function newestBefore(
  scope: Scope,
  stream: DeclaredStream,
  { range, series }: Plan,
  key: string | null,
  { deadline }: ReadLimits,
) {
  const fields = series.flatMap((one) => (one.stream === stream.name && one.field !== null ? [one.field] : []));
  // An event without the field says nothing about its value.
  const there = fields.length === 1 ? fields.map((field) => [field, { exists: true }]) : [];
  const where = { ...Object.fromEntries(there), ...range.where } as Where;
  const query = { to: range.from, where, order: 'newest', limit: EVENTS_EACH } as const;
  return readHistory(scope, stream, key === null ? query : { ...query, keys: [key] }, {
    budget: { ...SCAN_BUDGET, entries: READS_EACH * READ_LIMIT, reads: READS_EACH },
    ...(deadline === undefined ? {} : { deadline }),
  });
}
