/**
 * Keeps the latest events true to the removals of a stream (`removals.ts`). `settleLatest` takes away the latest events
 * that are removed, before a removal is acknowledged, and notes their keys as orphans in the same commit. `putFallbacks`
 * puts what was found for orphans while the log was gone through (`erase-removed.ts`). Both may run twice and beside the
 * follower that keeps the latest events.
 */
import type { DeclaredStream } from '../../declare/stream.ts';
import type { LoggedEvent } from '../../base/event.ts';
import { utf8Bytes } from '../../base/json.ts';
import { TidegateError } from '../../base/errors.ts';
import { afterConflict, commitSurely } from '../../store/commit.ts';
import { GET_MANY_LIMIT, LIST_LIMIT } from '../../store/limits.ts';
import { type Check, isPresent, type Operation, type Put, type StoredRecord } from '../../store/store.ts';
import type { LogScope } from '../scope.ts';
import type { Candidate } from './fallback.ts';
import { isAsLate, latestEvent, latestKey, latestPartition, latestUntil, replaces } from '../log/latest.ts';
import { CHUNK, fits, putsOf } from './orphans.ts';
import { isOf, readRemovals, type Removal, removals, type StandingRemovals } from '../log/removals.ts';

const MOST_CONFLICTS = 20;

/** @param deadline epoch ms. @throws TidegateError `store_unavailable`, `store_unknown`; the next call goes on. */
export async function settleLatest(scope: LogScope, stream: DeclaredStream, deadline: number): Promise<void> {
  for (let conflicts = 0; ; conflicts += 1) {
    const standing = await readRemovals(scope, stream.name);
    const due = standing?.value.active.filter(({ settled }) => !settled) ?? [];
    if (standing === null || due.length === 0) return;
    if (await settle(scope, stream, standing, due, deadline)) return;
    if (await afterConflict(scope.runtime, conflicts, deadline)) continue;
    throw new TidegateError('store_unavailable', `too many remove from the stream ${stream.name} at once`, {
      retryAfterMs: 1_000,
    });
  }
}

/** False: somebody else has written in between. */
async function settle(
  scope: LogScope,
  stream: DeclaredStream,
  standing: StandingRemovals,
  due: readonly Removal[],
  deadline: number,
): Promise<boolean> {
  const { store, runtime } = scope;
  let { record, value } = standing;
  for await (const records of latestRecords(scope, stream, due)) {
    const taken = records.flatMap((one) => {
      const event = latestEvent.decode(one.value);
      const removal = due.find(({ what }) => isOf(event, what));
      return removal ? [{ one, number: removal.number }] : [];
    });
    for (let from = 0, size = CHUNK; from < taken.length; from += size) {
      const orphansOf = (most: number) =>
        taken.slice(from, from + most).map(({ one, number }) => ({ key: keyOf(one.id), number }));
      const all = [...value.orphans, ...orphansOf(CHUNK)];
      const isRoom = fits(all);
      // An orphan that waits needs an operation of its own.
      size = isRoom ? CHUNK : CHUNK / 2;
      const some = taken.slice(from, from + size);
      const waiting = isRoom ? [] : await putsOf(scope, stream.name, orphansOf(size));
      value = isRoom ? { ...value, orphans: all } : { ...value, spilled: true };
      const deletes = some.map(({ one }): Operation => {
        const { partition, id, version } = one;
        return { kind: 'delete', partition, id, expects: version };
      });
      const result = await commitSurely(
        runtime,
        store,
        [...deletes, ...waiting, removals.replace(record, value)],
        deadline,
      );
      if (result.status === 'conflict') return false;
      record = { ...record, version: result.version };
    }
  }
  const numbers = new Set(due.map(({ number }) => number));
  const active = value.active.map((one) => (numbers.has(one.number) ? { ...one, settled: true } : one));
  const result = await commitSurely(runtime, store, [removals.replace(record, { ...value, active })], deadline);
  return result.status === 'committed';
}

/** The latest events that may be removed: those of the keys that are named, else all. */
async function* latestRecords(
  { store, runtime, tenant }: LogScope,
  { name }: DeclaredStream,
  due: readonly Removal[],
): AsyncGenerator<StoredRecord[]> {
  const keys = new Set(due.map(({ what }) => ('key' in what ? what.key : undefined)));
  if (!keys.has(undefined)) {
    const asked = [...keys].map((key) => latestKey(tenant, name, key ?? null));
    for (let from = 0; from < asked.length; from += GET_MANY_LIMIT) {
      yield (await store.getMany(asked.slice(from, from + GET_MANY_LIMIT), runtime.now())).filter(isPresent);
    }
    return;
  }
  for (let after: string | null = ''; after !== null;) {
    const now = runtime.now();
    const more = after === '' ? {} : { after };
    const page = await store.list(latestPartition(tenant, name), { now, limit: LIST_LIMIT, ...more });
    yield page.records;
    after = page.next;
  }
}

function keyOf(recordId: string): string {
  return recordId.slice(latestKey('', '', '').id.length);
}

/** False: the record of removals was written by somebody else, so what was found may be removed by now. */
export async function putFallbacks(
  { store, runtime, tenant }: LogScope,
  stream: DeclaredStream,
  { partition, id, version }: StoredRecord,
  found: ReadonlyMap<string, Candidate>,
  deadline: number,
): Promise<boolean> {
  const check: Check = { kind: 'check', partition, id, expects: version };
  const furthest = runtime.now() + stream.aheadMs;
  for (const chunk of chunksOf(found, store.limits.commitBytes / 2)) {
    for (let attempt = 0; ; attempt += 1) {
      const now = runtime.now();
      const readings = await store.getMany(
        [...chunk.keys()].map((key) => latestKey(tenant, stream.name, key)),
        now,
      );
      const puts = readings.flatMap((reading): Put[] => {
        const candidate = chunk.get(keyOf(reading.id));
        const standing = latestEvent.read(reading);
        if (candidate === undefined) return [];
        const expiresAt = latestUntil(stream, candidate.appendedAt);
        if (expiresAt !== null && expiresAt <= now) return [];
        if (standing !== null && !isBetter(candidate, standing, furthest)) return [];
        return [latestEvent.replace(reading, candidate.event, { expiresAt })];
      });
      if (puts.length === 0) break;
      const result = await commitSurely(runtime, store, [...puts, check], deadline);
      if (result.status === 'committed') break;
      const isOthers = result.conflicts.some(({ operation }) => operation === puts.length);
      if (isOthers || attempt >= MOST_CONFLICTS) return false;
    }
  }
  return true;
}

/**
 * Whether a candidate is to replace what stands, which arrived later or was found later in the log. Accepted weakness: where
 * a lesser number of a revision arrived later and stood until now, others that were passed over for it do not come back.
 */
export function isBetter({ event }: Candidate, standing: LoggedEvent, furthest: number): boolean {
  if (event.id !== standing.id) return !isAsLate(standing, event, furthest);
  return event.revision !== standing.revision && !replaces(standing, event);
}

function* chunksOf(found: ReadonlyMap<string, Candidate>, mostBytes: number): Generator<Map<string, Candidate>> {
  let chunk = new Map<string, Candidate>();
  let bytes = 0;
  for (const [key, candidate] of found) {
    const size = utf8Bytes(JSON.stringify(candidate.event));
    if (chunk.size > 0 && (chunk.size >= CHUNK || bytes + size > mostBytes)) {
      yield chunk;
      chunk = new Map();
      bytes = 0;
    }
    chunk.set(key, candidate);
    bytes += size;
  }
  if (chunk.size > 0) yield chunk;
}
