/**
 * Stores what a round has judged. Several triggers share a commit as far as it has room. One that somebody else has stored
 * meanwhile is left out, and read again by the next round.
 */
import { commitSurely } from '../store/commit.ts';
import type { Version } from '../store/store.ts';
import type { Deps } from '../streams/deps.ts';
import type { TroubleNote } from './record.ts';
import type { StandingTrigger } from './standing.ts';
import { type StoredUnit, storedUnit } from './store-unit.ts';

interface StoredRound {
  /** Occurrences in logs, by the name of the trigger. */
  occurrences: Map<string, number>;
  commits: number;
  /** Those that somebody else has stored. */
  lost: StandingTrigger[];
}

/** Errors as `commitSurely`. @param deadline epoch ms */
export async function storeAll(
  deps: Deps,
  standings: readonly StandingTrigger[],
  deadline: number,
): Promise<StoredRound> {
  const report: StoredRound = { occurrences: new Map(), commits: 0, lost: [] };
  let chunk: StoredUnit[] = [];
  const { commitOperations, commitBytes } = deps.store.limits;
  for (const standing of standings) {
    const unit = await storedUnit(deps, standing, deadline);
    const [weight, bytes] = [sum(chunk, 'weight') + unit.weight, sum(chunk, 'bytes') + unit.bytes];
    if (chunk.length > 0 && (weight > commitOperations || bytes > commitBytes)) {
      await commit(deps, chunk, deadline, report);
      chunk = [];
    }
    chunk.push(unit);
  }
  if (chunk.length > 0) await commit(deps, chunk, deadline, report);
  return report;
}

function sum(units: readonly StoredUnit[], of: 'weight' | 'bytes'): number {
  return units.reduce((total, unit) => total + unit[of], 0);
}

async function commit(deps: Deps, units: readonly StoredUnit[], deadline: number, report: StoredRound): Promise<void> {
  let left = units;
  while (left.length > 0) {
    const operations = left.flatMap((unit) => unit.operations);
    const result = await commitSurely(deps.runtime, deps.store, operations, deadline);
    report.commits += 1;
    if (result.status === 'committed') {
      for (const unit of left) stored(deps, unit, result.version, report);
      return;
    }
    const owners = left.flatMap((unit) => unit.operations.map(() => unit));
    const moved = new Set(result.conflicts.map(({ operation }) => owners[operation]));
    for (const unit of left) if (moved.has(unit)) report.lost.push(unit.standing);
    left = left.filter((unit) => !moved.has(unit));
  }
}

function stored(
  deps: Deps,
  { standing, next, made, left, leftPieces, pieces, dropped }: StoredUnit,
  version: Version,
  report: StoredRound,
): void {
  standing.stored = next;
  standing.version = version;
  standing.isFresh = false;
  standing.ahead = 0;
  standing.owed = left;
  standing.owedPieces = leftPieces;
  for (const piece of dropped) standing.pieceVersions.delete(piece);
  for (const piece of pieces) standing.pieceVersions.set(piece, version);
  const { name } = standing.trigger;
  for (const { troubles } of made) for (const trouble of troubles) logTrouble(deps, name, trouble);
  if (made.length === 0) return;
  report.occurrences.set(name, (report.occurrences.get(name) ?? 0) + made.length);
  deps.changed?.(standing.tenant, standing.trigger.log.name);
}

function logTrouble({ runtime }: Deps, trigger: string, { what, reason, occurrence }: TroubleNote): void {
  runtime.log('error', 'a function of a trigger broke', { trigger, what, cause: reason, occurrence });
}
