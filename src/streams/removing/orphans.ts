/**
 * Orphans: keys whose latest event was taken away by a removal, until another one is found (`erase-removed.ts`). As many as
 * it has room for are in the record of removals, and are searched for together. The others wait in a record each, and take
 * their places once those are found.
 */
import * as z from 'zod';
import { utf8Bytes } from '../../base/json.ts';
import { commitSurely } from '../../store/commit.ts';
import { LIST_LIMIT } from '../../store/limits.ts';
import { record } from '../../store/record.ts';
import type { Operation, Put, RecordKey } from '../../store/store.ts';
import type { LogScope } from '../scope.ts';
import { type Removals, removals, type StandingRemovals } from '../log/removals.ts';

/** Most orphans in the record of removals, and most bytes of their keys. */
const MOST_ORPHANS = 1_000;
const ORPHAN_BYTES = 40_000;
/** Operations of one commit. */
export const CHUNK = 80;

type Orphan = Removals['orphans'][number];

/** An orphan that waits, with the number of the removal. */
const orphan = record('key without a latest event', () => z.strictObject({ number: z.number() }));

function orphansPartition(tenant: string, stream: string): string {
  return `${tenant}/orphans/${stream}`;
}

function orphanKey(tenant: string, stream: string, key: string): RecordKey {
  return { partition: orphansPartition(tenant, stream), id: `k:${key}` };
}

/** Whether the record of removals has room for the orphans. */
export function fits(orphans: readonly Orphan[]): boolean {
  return (
    orphans.length <= MOST_ORPHANS && orphans.reduce((bytes, { key }) => bytes + utf8Bytes(key), 0) <= ORPHAN_BYTES
  );
}

/** The puts that make orphans wait, at most `GET_MANY_LIMIT` of them. One store call. */
export async function putsOf(
  { store, runtime, tenant }: LogScope,
  stream: string,
  orphans: readonly Orphan[],
): Promise<Put[]> {
  const keys = orphans.map(({ key }) => orphanKey(tenant, stream, key));
  const readings = await store.getMany(keys, runtime.now());
  return readings.map((reading, index) => orphan.replace(reading, { number: orphans[index]?.number ?? 0 }));
}

/**
 * Takes orphans that wait into the record of removals, as many as there is room for.
 * @param deadline epoch ms
 * @returns the removals as they stand then; null: somebody else has written in between
 * @throws TidegateError `store_unavailable`, `store_unknown`
 */
export async function refill(
  { store, runtime, tenant }: LogScope,
  stream: string,
  { record: standing, value }: StandingRemovals,
  deadline: number,
): Promise<StandingRemovals | null> {
  const list = { now: runtime.now(), limit: LIST_LIMIT };
  const { records, next } = await store.list(orphansPartition(tenant, stream), list);
  let [now, at] = [value, standing];
  for (let from = 0; ; from += CHUNK) {
    const some = records.slice(from, from + CHUNK);
    const orphans = some.map(({ id, value: json }) => ({ key: id.slice(2), number: orphan.decode(json).number }));
    const isLast = from + CHUNK >= records.length && next === null;
    const { spilled, ...others } = now;
    const after = { ...others, orphans: [...now.orphans, ...orphans], ...(isLast || !spilled ? {} : { spilled }) };
    if (!fits(after.orphans)) break;
    const deletes = some.map(({ partition, id, version }): Operation => {
      return { kind: 'delete', partition, id, expects: version };
    });
    const result = await commitSurely(runtime, store, [...deletes, removals.replace(at, after)], deadline);
    if (result.status === 'conflict') return null;
    [now, at] = [after, { ...at, version: result.version }];
    if (from + CHUNK >= records.length) break;
  }
  return { record: at, value: now };
}
