/**
 * Writes the index of times (times.ts): the operations by which a follower's round extends it, and the work of a sweep that
 * builds it where it is missing, such as for a log that an older release wrote. Readers do not wait for it: what is not
 * indexed is looked at entry by entry.
 */
import type { DeclaredStream } from '../../declare/stream.ts';
import { commitSurely } from '../../store/commit.ts';
import { decodeCursor, encodeCursor } from '../../store/cursor.ts';
import { GET_MANY_LIMIT, READ_LIMIT } from '../../store/limits.ts';
import { type Cursor, isPresent, type LogEntry, type Operation, type Reading } from '../../store/store.ts';
import type { LogScope } from '../scope.ts';
import { followerAt, positionKey } from './follower.ts';
import { isErased, isRemoval } from './removals.ts';
import { loggedEvent, streamLog } from './stream-log.ts';
import { BLOCK, leafKey, type OpenTimes, readTimes, rootKey, timesLeaf, timesRoot, type TimesRoot } from './times.ts';
import {
  changesRoot,
  createFold,
  type Fold,
  type Folded,
  type FoldStart,
  grown,
  joinsOn,
  leavesFilled,
  numberOf,
} from './times-fold.ts';

/** Entries that one commit of a build folds together. */
const BUILD_ENTRIES = 20_000;
/** Most records of leaves that go in one commit. */
const MOST_DROPPED = 50;
/** After this many conflicts in a row the build is left to others. */
const MOST_CONFLICTS = 4;

/** The event time of a log's entry; null where the entry is no event. */
export function timeOf(entry: LogEntry): number | null {
  const event = loggedEvent.read(entry);
  return isErased(event) || isRemoval(event) ? null : event.time;
}

/** The fold that goes on at a follower's position; null where the index does not reach it. */
export function foldAt(at: { cursor: Cursor | null; open: OpenTimes | null }): Fold | null {
  if (at.cursor === null) return createFold(null);
  return at.open === null ? null : createFold({ ...decodeCursor(at.cursor), open: at.open });
}

/**
 * The operations that extend the index by what was folded. They may be committed twice, or without the position that goes
 * with them. Takes no store call where no block became full, else one or two.
 * @param floor the position before the log's oldest entry
 * @returns null where the index cannot be extended: a newer release wrote it, or it ends before what was folded
 */
export async function timesEffects(
  { store, runtime, tenant }: LogScope,
  { name: stream, aheadMs }: DeclaredStream,
  folded: Folded,
  floor: Cursor | null,
): Promise<Operation[] | null> {
  if (!changesRoot(folded)) return [];
  const filled = leavesFilled(folded).slice(0, GET_MANY_LIMIT - 1);
  const keys = [rootKey(tenant, stream), ...filled.map((leaf) => leafKey(tenant, stream, leaf))];
  const [standing, ...readings] = await store.getMany(keys, runtime.now());
  if (standing === undefined) return null;
  const { value, isNewer } = readTimes(timesRoot, standing);
  if (isNewer || !joinsOn(value, folded)) return null;
  const made = grown(value, folded, floor === null ? 0 : decodeCursor(floor).place, aheadMs);
  const operations: Operation[] = [];
  for (const { leaf, value: times } of made.leaves) {
    const reading = readings[filled.indexOf(leaf)];
    if (reading === undefined || readTimes(timesLeaf, reading).isNewer) return null;
    operations.push(timesLeaf.replace(reading, times));
  }
  const dropped = made.dropped.slice(0, MOST_DROPPED).map((leaf) => leafKey(tenant, stream, leaf));
  for (const reading of dropped.length === 0 ? [] : await store.getMany(dropped, runtime.now())) {
    if (isPresent(reading)) operations.push({ kind: 'delete', ...keyOf(reading), expects: reading.version });
  }
  operations.push(timesRoot.replace(standing, made.root));
  return operations;
}

interface BuildReport {
  /** Entries that were looked at. */
  entries: number;
  /** The index reaches the position of the follower of the latest events, or it is not for this release to build. */
  built: boolean;
}

/**
 * Builds the index up to the position of the follower of the latest events, from its end or else from the log's oldest
 * entry, in commits of `BUILD_ENTRIES`. The next call goes on where this one ended.
 * @param follower the name of the follower of the latest events
 * @param deadline epoch ms
 * @throws TidegateError `store_unavailable`, `store_unknown`
 */
export async function buildTimes(
  scope: LogScope,
  stream: DeclaredStream,
  follower: string,
  deadline: number,
): Promise<BuildReport> {
  const { store, runtime, tenant } = scope;
  const log = streamLog(tenant, stream.name);
  const report: BuildReport = { entries: 0, built: false };
  const keys = [positionKey(tenant, follower, log), rootKey(tenant, stream.name)];
  for (let conflicts = 0; conflicts < MOST_CONFLICTS && runtime.now() < deadline;) {
    const [position, standing] = await store.getMany(keys, runtime.now());
    if (position === undefined || standing === undefined) return report;
    const at = followerAt.read(position);
    const { value: root, isNewer } = readTimes(timesRoot, standing);
    if (at === null || at.cursor === null || at.open !== undefined || isNewer) return { ...report, built: true };
    const part = await foldPart(scope, log, at.cursor, root);
    report.entries += part.entries;
    const operations = part.folded === null ? [] : await timesEffects(scope, stream, part.folded, part.floor);
    if (operations === null) return { ...report, built: true };
    if (part.reached) operations.push(followerAt.replace(position, { cursor: at.cursor, open: part.open }));
    if (operations.length === 0) return report;
    const { status } = await commitSurely(runtime, store, operations, deadline);
    if (status === 'committed' && part.reached) return { ...report, built: true };
    conflicts = status === 'conflict' ? conflicts + 1 : 0;
  }
  return report;
}

interface Part {
  folded: Folded | null;
  open: OpenTimes;
  floor: Cursor | null;
  entries: number;
  /** It ends at the position. */
  reached: boolean;
}

/** Folds the entries from the index's end to the position, or the first `BUILD_ENTRIES` of them. */
async function foldPart({ store }: LogScope, log: string, position: Cursor, root: TimesRoot | null): Promise<Part> {
  const { epoch, place: target } = decodeCursor(position);
  const start = startOf(root, epoch, target);
  const fold = createFold(start);
  let cursor = start === null ? null : encodeCursor(epoch, start.place);
  let floor: Cursor | null = null;
  let entries = 0;
  let reached = start?.place === target;
  while (!reached && entries < BUILD_ENTRIES) {
    const page = await store.read(log, cursor, READ_LIMIT);
    const first = page.start === null ? null : decodeCursor(page.start);
    ({ cursor, floor } = page);
    // What comes after the position is the follower's, and all of a log that began anew.
    const taken = first?.epoch === epoch ? page.entries.slice(0, Math.max(0, target - first.place)) : [];
    fold.take(taken, timeOf);
    entries += taken.length;
    reached = taken.length < page.entries.length || page.entries.length < READ_LIMIT || placeOf(cursor) === target;
  }
  const folded = fold.result();
  return { folded, open: folded?.open ?? { from: target, times: [] }, floor, entries, reached };
}

/** Null: the log's oldest entry. */
function startOf(root: TimesRoot | null, epoch: string, target: number): FoldStart | null {
  if (root?.epoch !== epoch) return null;
  // The open block begins at a boundary, also where the index already reaches beyond the position.
  const place = Math.max(root.first, Math.min(root.end, numberOf(target, BLOCK) * BLOCK));
  return { epoch, place, open: { from: place, times: [] } };
}

function placeOf(cursor: Cursor | null): number | null {
  return cursor === null ? null : decodeCursor(cursor).place;
}

function keyOf({ partition, id }: Reading) {
  return { partition, id };
}
