/**
 * The follower reads a log from a stored position and commits the effects of the entries together with the new
 * position. After a crash it starts again from the position. If two follow at once, one commits and the other reads
 * again, so a follower needs no lease.
 */
import * as z from 'zod';
import { paceOf } from '../../base/pace.ts';
import { jsonBytes, utf8Bytes } from '../../base/json.ts';
import { commitSurely } from '../../store/commit.ts';
import { record } from '../../store/record.ts';
import { READ_LIMIT } from '../../store/limits.ts';
import {
  type Cursor,
  type LogEntry,
  type Operation,
  type RecordKey,
  type Store,
  type Version,
} from '../../store/store.ts';
import { obey } from './removals.ts';
import type { LogScope } from '../scope.ts';
import { type OpenTimes, openTimesSchema } from './times.ts';

/** What a follower does with the entries of one round. */
export interface Round {
  /**
   * Takes in entries page by page, in the log's order.
   * @param truncated true: entries between the position and these were trimmed
   * @param floor the position before the log's oldest entry
   */
  take(entries: readonly LogEntry[], truncated: boolean, floor: Cursor | null): void;
  /** Returns the operations that follow from all the entries taken. Called once, at the end of the round. */
  effects(): Promise<Operation[]>;
  /** The open block of the index of times, which stands beside the new position. Called after `effects`. */
  open?(): OpenTimes | null;
  /** Called when the operations and the new position are committed. */
  committed?(): void;
}

export interface FollowOptions {
  scope: LogScope;
  log: string;
  /** Name of the follower. There is one position for each follower and log. */
  follower: string;
  /** Begins a round at a position. */
  begin(at: Pick<Position, 'cursor' | 'open'>): Round;
  /**
   * Returns where to begin, given the stored position; it may skip entries of no interest. Default: at the stored
   * position.
   */
  start?: (position: Cursor | null) => Promise<Cursor | null>;
  /** Whether the position moves to where `start` begins also where nothing is to be read from there. Default: false. */
  keepsStart?: boolean;
  /**
   * True where it does no harm to apply effects again. Effects that exceed one commit are then spread over several
   * commits, of which only the last moves the position. Where it is false, a round's effects must fit one commit:
   * choose `limit` accordingly.
   */
  repeatable: boolean;
  /** Most entries in a round; default 1,000. */
  limit?: number;
  /** The record of what is removed from the log. Where it is given, rounds get tombstones in the place of removed events. */
  removals?: RecordKey;
  /** Epoch ms. No round begins after it. */
  deadline: number;
  /**
   * The caller's operations for the commit that reaches the log's end. Called when that commit is built; keep them few
   * and small.
   */
  alongside?: () => Operation[];
}

export interface FollowReport {
  entries: number;
  commits: number;
  /** The position reached the end that the log had when it was read. */
  caughtUp: boolean;
  /** Whether something is being removed from the log, as far as it was read with `removals`. */
  removals: boolean;
  /** What became of the caller's operations. `none`: there were none, or the log's end was not reached. */
  alongside: 'none' | 'committed' | 'conflict';
}

/** After this many conflicts in a row the follower leaves the work to the others. */
const MOST_CONFLICTS = 8;
/** Bytes of a commit that are reserved for the position. */
const POSITION_BYTES = 2_048;

/** Key of the record with a follower's position in a log. */
export function positionKey(tenant: string, follower: string, log: string): RecordKey {
  return { partition: `${tenant}/position/${follower}`, id: log };
}

/**
 * `open` is the open block of the index of times (times.ts). An older release passes over it, and puts a position without
 * it, whereupon the index is built on from its end.
 */
export const followerAt = record('position of a follower', () =>
  z.strictObject({ cursor: z.string().nullable(), open: z.exactOptional(openTimesSchema()) }),
);

interface Position {
  cursor: Cursor | null;
  /** As it is in the store. */
  stored: Cursor | null;
  open: OpenTimes | null;
  version: Version | null;
}

interface Reached {
  entries: number;
  cursor: Cursor | null;
  end: boolean;
}

/**
 * Follows the log to its end or until the deadline.
 * @throws TidegateError `store_unavailable`, `store_unknown`. The next call continues from the position.
 */
export async function follow(options: FollowOptions): Promise<FollowReport> {
  const report: FollowReport = { entries: 0, commits: 0, caughtUp: false, removals: false, alongside: 'none' };
  let position = await readPosition(options);
  for (let conflicts = 0; conflicts < MOST_CONFLICTS && options.scope.runtime.now() < options.deadline;) {
    const round = options.begin(position);
    const reached = await readRound(options, position, round, report);
    const operations = reached.entries === 0 ? [] : await round.effects();
    const open = reached.entries === 0 ? position.open : (round.open?.() ?? null);
    const committed = await commitRound(options, position, { ...reached, open }, operations, report);
    if (committed === 'alongside-conflict') return { ...report, alongside: 'conflict' };
    if (committed === 'conflict') {
      conflicts += 1;
      position = await readPosition(options);
      continue;
    }
    conflicts = 0;
    position = committed;
    round.committed?.();
    report.entries += reached.entries;
    if (reached.end) return { ...report, caughtUp: true, alongside: options.alongside ? 'committed' : 'none' };
  }
  return report;
}

async function readPosition({
  scope: { store, runtime, tenant },
  follower,
  log,
  start,
}: FollowOptions): Promise<Position> {
  const reading = await store.get(positionKey(tenant, follower, log), runtime.now());
  const standing = followerAt.read(reading);
  const cursor = standing?.cursor ?? null;
  return {
    cursor: start ? await start(cursor) : cursor,
    stored: cursor,
    open: standing?.open ?? null,
    version: reading.version,
  };
}

/** Reads a follower's position: after the last entry whose effects are committed. One store call. */
export async function followerPosition(
  { store, runtime, tenant }: LogScope,
  follower: string,
  log: string,
): Promise<Cursor | null> {
  return followerAt.read(await store.get(positionKey(tenant, follower, log), runtime.now()))?.cursor ?? null;
}

async function readRound(options: FollowOptions, from: Position, round: Round, report: FollowReport): Promise<Reached> {
  const limit = options.limit ?? READ_LIMIT;
  const pace = paceOf(options.scope.runtime);
  const reached: Reached = { entries: 0, cursor: from.cursor, end: false };
  while (reached.entries < limit) {
    const rest = pace();
    if (rest !== null) await rest;
    const wanted = Math.min(READ_LIMIT, limit - reached.entries);
    const { store, runtime } = options.scope;
    const beside = options.removals && { record: options.removals, now: runtime.now() };
    const page = obey(await store.read(options.log, reached.cursor, wanted, beside));
    if (page.beside) report.removals = page.beside.value !== null;
    reached.cursor = page.cursor;
    reached.entries += page.entries.length;
    if (page.entries.length > 0) round.take(page.entries, page.truncated, page.floor);
    reached.end = page.entries.length < wanted;
    if (reached.end) break;
  }
  return reached;
}

async function commitRound(
  options: FollowOptions,
  from: Position,
  reached: Reached & Pick<Position, 'open'>,
  operations: readonly Operation[],
  report: FollowReport,
): Promise<Position | 'conflict' | 'alongside-conflict'> {
  const { store, runtime, tenant } = options.scope;
  const key = positionKey(tenant, options.follower, options.log);
  const alongside = reached.end ? (options.alongside?.() ?? []) : [];
  const before = options.keepsStart === true ? from.stored : from.cursor;
  const moved = reached.entries > 0 || reached.cursor !== before;
  if (!moved && alongside.length === 0) return from;
  const chunks = options.repeatable ? split(store, operations, alongside) : [operations];
  let { version } = from;
  for (const [index, chunk] of chunks.entries()) {
    const last = index === chunks.length - 1;
    const { cursor, open } = last ? reached : from;
    const value = open === null ? { cursor } : { cursor, open };
    const own: Operation[] = moved ? [followerAt.put(key, value, { expects: version }), ...chunk] : [];
    const result = await commitSurely(runtime, store, last ? [...own, ...alongside] : own, options.deadline);
    report.commits += 1;
    if (result.status === 'conflict') {
      const others = result.conflicts.some(({ operation }) => operation >= own.length);
      return others ? 'alongside-conflict' : 'conflict';
    }
    if (moved) ({ version } = result);
  }
  return { cursor: reached.cursor, stored: moved ? reached.cursor : from.stored, open: reached.open, version };
}

/**
 * Spreads operations over as few commits as the store's limits allow. There is at least one; the last has room for
 * `alongside`.
 */
function split(store: Store, operations: readonly Operation[], alongside: readonly Operation[]): Operation[][] {
  const mostOperations = store.limits.commitOperations - 1;
  const mostBytes = store.limits.commitBytes - POSITION_BYTES;
  let chunk: Operation[] = [];
  let bytes = 0;
  const chunks = [chunk];
  for (const operation of operations) {
    const size = sizeOf(operation);
    if (chunk.length >= mostOperations || bytes + size > mostBytes) {
      chunks.push((chunk = []));
      bytes = 0;
    }
    chunk.push(operation);
    bytes += size;
  }
  const beside = alongside.reduce((sum, operation) => sum + sizeOf(operation), 0);
  if (chunk.length > 0 && (chunk.length + alongside.length > mostOperations || bytes + beside > mostBytes)) {
    chunks.push([]);
  }
  return chunks;
}

function sizeOf(operation: Operation): number {
  if (operation.kind === 'append') {
    return operation.log.length + operation.entries.reduce<number>((sum, entry) => sum + jsonBytes(entry), 0);
  }
  const names = utf8Bytes(operation.partition) + utf8Bytes(operation.id);
  return operation.kind === 'put' ? names + jsonBytes(operation.value) : names;
}
