/**
 * Pieces of a trigger's state: what is too much for its record. A piece is never written twice: a changed one is put under a new id,
 * together with the record that names it, or before it where all of them are more than a commit takes.
 */
import { TidegateError } from '../base/errors.ts';
import { jsonBytes } from '../base/json.ts';
import { commitSurely } from '../store/commit.ts';
import type { Put } from '../store/store.ts';
import type { Deps } from '../streams/deps.ts';
import { type StoredKey, toStored } from './judging/key-state.ts';
import { partOfTriggerKey } from './judging/keys.ts';
import type { Moment } from './judging/moment.ts';
import type { StandingTrigger } from './standing.ts';

/** Most bytes of a part; what is over is forgotten, the key that changed longest ago first, as far as it may be. */
const PART_BYTES = 200_000;
const MOST_PART_BYTES = 330_000;
/** Most bytes of what is owed in the record itself, and in each piece. */
const OWED_BYTES = 40_000;
/** Pieces beside the record in one commit; more are stored before it. */
const MOST_BESIDE = 20;
const BESIDE_BYTES = 120_000;

/** Pieces that are much are stored before the record names them; who is killed in between leaves them to expire. */
export async function stagePieces(
  { store, runtime }: Deps,
  standing: StandingTrigger,
  puts: readonly Put[],
  deadline: number,
): Promise<boolean> {
  const sizes = puts.map(({ value }) => jsonBytes(value) + 600);
  const whole = sizes.reduce((total, size) => total + size, 0);
  if (puts.length <= MOST_BESIDE && whole <= BESIDE_BYTES) return false;
  const most = store.limits.commitBytes - 10_000;
  let chunk: Put[] = [];
  let bytes = 0;
  const commitChunk = async () => {
    const result = await commitSurely(runtime, store, chunk, deadline);
    if (result.status !== 'committed')
      throw new TidegateError('internal', 'a new piece of a trigger was there already');
    for (const { id } of chunk) standing.pieceVersions.set(id, result.version);
    chunk = [];
    bytes = 0;
  };
  for (const [index, put] of puts.entries()) {
    const size = sizes[index] ?? 0;
    if (chunk.length > 0 && (chunk.length >= MOST_BESIDE || bytes + size > most)) await commitChunk();
    chunk.push(put);
    bytes += size;
  }
  await commitChunk();
  return true;
}

export function owedGroups(moments: readonly Moment[]): Moment[][] {
  const groups: Moment[][] = [];
  let bytes = OWED_BYTES;
  for (const moment of moments) {
    const size = jsonBytes(moment);
    if (bytes + size > OWED_BYTES && bytes > 0) {
      groups.push([]);
      bytes = 0;
    }
    groups.at(-1)?.push(moment);
    bytes += size;
  }
  return groups;
}

export function keysByPart(
  states: Iterable<Parameters<typeof toStored>[0]>,
  only: ReadonlySet<number> | null,
): Map<number, StoredKey[]> {
  const parts = new Map<number, StoredKey[]>();
  for (const state of states) {
    const part = partOfTriggerKey(state.key);
    if (only !== null && !only.has(part)) continue;
    const standing = parts.get(part);
    if (standing) standing.push(toStored(state));
    else parts.set(part, [toStored(state)]);
  }
  return parts;
}

/** The keys of a part as far as there is room. What may not be forgotten goes last, where no record would hold it. */
export function boundedPart(
  keys: readonly StoredKey[],
  mayForget: (key: string | null) => boolean,
): { kept: StoredKey[]; gone: (string | null)[] } {
  const sizes = keys.map((key) => jsonBytes(key) + 1);
  let bytes = sizes.reduce((total, size) => total + size, 0);
  const gone = new Set<string | null>();
  for (const most of [PART_BYTES, MOST_PART_BYTES]) {
    for (const [index, [name]] of keys.entries()) {
      if (bytes <= most) break;
      if (gone.has(name) || (most === PART_BYTES && !mayForget(name))) continue;
      bytes -= sizes[index] ?? 0;
      gone.add(name);
    }
  }
  return { kept: keys.filter(([name]) => !gone.has(name)), gone: [...gone] };
}
