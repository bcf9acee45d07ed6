/**
 * What a round stores: of each trigger its record, those of its parts that have changed, and its occurrences, which take effect
 * together. Several triggers share a commit as far as it has room. One that somebody else has stored meanwhile is left out, and
 * read again by the next round.
 */
import { digestOf } from '../base/digest.ts';
import { jsonBytes } from '../base/json.ts';
import { commitSurely } from '../store/commit.ts';
import { GET_MANY_LIMIT } from '../store/limits.ts';
import { isPresent, type Operation, type Put, type Version } from '../store/store.ts';
import type { Deps } from '../streams/deps.ts';
import { loggedEvent, streamLog } from '../streams/log/stream-log.ts';
import { type StoredKey, toStored } from './judging/key-state.ts';
import { triggerKey, triggerOnceKey, triggerPieceKey } from './names.ts';
import type { Moment } from './judging/moment.ts';
import { boundedPart, keysByPart, owedGroups, stagePieces } from './pieces.ts';
import { type MadeOccurrence, makeOccurrence } from './occurrence.ts';
import {
  type StoredTrigger,
  triggerOnce,
  triggerOwed,
  triggerPart,
  triggerRecord,
  type TroubleNote,
} from './record.ts';
import type { StandingTrigger } from './standing.ts';

/** A state of keys with more bytes than this is divided into parts. */
const INLINE_BYTES = 8_192;
/** All pieces are written anew so often, long before they would expire, ms. */
const PIECES_MS = 30 * 86_400_000;
const PIECES_KEPT_MS = 400 * 86_400_000;
/** Most bytes of occurrences in a commit; a greater one goes alone. */
const ENTRIES_BYTES = 90_000;
const MOST_ENTRIES = 25;
/** Records of triggers that are judged no more are gone after this, ms. */
const KEPT_MS = 35 * 86_400_000;
const MOST_TROUBLES = 5;
const MOST_DROPS = 30;

export interface StoredRound {
  /** Occurrences in logs, by the name of the trigger. */
  occurrences: Map<string, number>;
  commits: number;
  /** Those that somebody else has stored. */
  lost: StandingTrigger[];
}

interface Unit {
  standing: StandingTrigger;
  operations: Operation[];
  made: MadeOccurrence[];
  next: StoredTrigger;
  left: StandingTrigger['owed'];
  leftPieces: StandingTrigger['owedPieces'];
  /** Ids of pieces that it puts. */
  pieces: string[];
  /** Ids of pieces that it deletes. */
  dropped: string[];
  weight: number;
  bytes: number;
}

/** Errors as `commitSurely`. @param deadline epoch ms */
export async function storeAll(
  deps: Deps,
  standings: readonly StandingTrigger[],
  deadline: number,
): Promise<StoredRound> {
  const report: StoredRound = { occurrences: new Map(), commits: 0, lost: [] };
  let chunk: Unit[] = [];
  const { commitOperations, commitBytes } = deps.store.limits;
  for (const standing of standings) {
    const unit = await unitOf(deps, standing, deadline);
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

function sum(units: readonly Unit[], of: 'weight' | 'bytes'): number {
  return units.reduce((total, unit) => total + unit[of], 0);
}

async function commit(deps: Deps, units: readonly Unit[], deadline: number, report: StoredRound): Promise<void> {
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
  { standing, next, made, left, leftPieces, pieces, dropped }: Unit,
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

async function unitOf(deps: Deps, standing: StandingTrigger, deadline: number): Promise<Unit> {
  const { runtime } = deps;
  const { trigger, tenant, judge, plan, stored: before } = standing;
  const now = runtime.now();
  const owesFirst = standing.owed.length > 0;
  const firstPiece = owesFirst ? undefined : standing.owedPieces[0];
  const morePieces = owesFirst ? standing.owedPieces : standing.owedPieces.slice(1);
  // What is found comes behind what is owed; nothing is found before all of that is told.
  const found = [...standing.owed, ...(firstPiece?.moments ?? []), ...(morePieces.length > 0 ? [] : judge.found())];
  const fitting: MadeOccurrence[] = [];
  let entriesBytes = 0;
  let taken = 0;
  for (const moment of found) {
    const made = await makeOccurrence(trigger, tenant, moment, runtime);
    const bytes = jsonBytes(made.event);
    if (taken > 0 && (taken >= MOST_ENTRIES || entriesBytes + bytes > ENTRIES_BYTES)) break;
    fitting.push(made);
    entriesBytes += bytes;
    taken += 1;
  }
  const { made, marks, repeated } = await withoutRepeated(deps, standing, fitting);
  const puts: Put[] = [];
  const putPiece = (value: StoredKey[] | Moment[], of: typeof triggerPart | typeof triggerOwed): string => {
    const id = runtime.newId();
    const key = triggerPieceKey(tenant, trigger.name, id);
    puts.push(
      (of as typeof triggerPart).put(key, value as StoredKey[], { expects: null, expiresAt: now + PIECES_KEPT_MS }),
    );
    return id;
  };
  const [left = [], ...groups] = owedGroups(found.slice(taken));
  const leftPieces = [
    ...groups.map((moments) => ({ id: putPiece(moments, triggerOwed), moments })),
    ...morePieces.map(({ id, moments }) => ({ id: id === '' ? putPiece([...moments], triggerOwed) : id, moments })),
  ];
  const { keys, clocks, judgedTo, newest, common, counts } = judge.state;
  const isOld = now - before.piecesAt >= PIECES_MS;
  const wasDivided = Object.keys(before.parts).length > 0;
  const isPartly = wasDivided && !standing.isFresh && !isOld;
  const changed = keys.changedParts();
  const byPart = keysByPart(keys.all(), isPartly ? changed : null);
  const all = [...byPart.values()].flat();
  const isDivided = isPartly || jsonBytes(all) > INLINE_BYTES;
  const parts: Record<string, string> = isPartly ? { ...before.parts } : {};
  for (const part of isDivided ? (isPartly ? changed : byPart.keys()) : []) {
    const held = boundedPart(byPart.get(part) ?? [], (key) => judge.mayForget(key));
    for (const key of held.gone) judge.forgetKey(key);
    counts.overflow += held.gone.length;
    if (held.kept.length > 0) parts[part] = putPiece(held.kept, triggerPart);
    else delete parts[part];
  }
  // Dropping marked them as changed; they are written here.
  keys.changedParts();
  const inline = isDivided ? [] : all;
  const named = new Set([...Object.values(parts), ...leftPieces.map(({ id }) => id)]);
  const dropped = [...standing.pieceVersions.keys()].filter((id) => !named.has(id)).slice(0, MOST_DROPS);
  const drops = dropped.flatMap((id): Operation[] => {
    const expects = standing.pieceVersions.get(id);
    return expects === undefined ? [] : [{ kind: 'delete', ...triggerPieceKey(tenant, trigger.name, id), expects }];
  });
  const staged = await stagePieces(deps, standing, puts, deadline);
  const pieces = staged ? [] : puts.map(({ id }) => id);
  const troubles = made.flatMap((one) => one.troubles);
  const beginnings = made.filter(({ became }) => became === 'holding');
  const last = beginnings.at(-1)?.event;
  const next: StoredTrigger = {
    of: plan.of,
    begunAt: before.begunAt,
    storedAt: now,
    clocks: Object.fromEntries([...clocks].map(([stream, clock]) => [stream, { ...clock, from: judge.from(stream) }])),
    judgedTo,
    newest,
    common: toStored(common),
    keys: inline,
    parts,
    piecesAt: isPartly ? before.piecesAt : now,
    owed: left,
    owedPieces: leftPieces.map(({ id }) => id),
    counts: {
      holding: before.counts.holding + beginnings.length,
      ceased: before.counts.ceased + made.length - beginnings.length,
      suppressed: counts.suppressed,
      repeated: before.counts.repeated + repeated,
      late: counts.late,
      hurried: counts.hurried,
      overflow: keys.overflow + counts.overflow,
      broken: before.counts.broken + troubles.length,
    },
    last:
      last === undefined
        ? before.last
        : {
            id: last.id,
            key: last.key ?? null,
            time: last.time,
            title: (last.data as { title: string }).title,
          },
    late: before.late,
    troubles: [...troubles.toReversed(), ...before.troubles].slice(0, MOST_TROUBLES),
  };
  keys.overflow += counts.overflow;
  counts.overflow = 0;
  const head = triggerRecord.put(triggerKey(tenant, trigger.name), next, {
    expects: standing.version,
    expiresAt: now + KEPT_MS,
  });
  const log = streamLog(tenant, trigger.log.name);
  const events = made.map(({ event }) => event);
  const append = events.length === 0 ? [] : [loggedEvent.append(log, events)];
  const operations = [head, ...(staged ? [] : puts), ...drops, ...marks, ...append];
  // An append counts as the segments that it fills, which are of 64 KiB; names have some bytes too.
  const weight = operations.length + Math.ceil(entriesBytes / 32_768);
  const bytes = operations.reduce((total, each) => total + 600 + ('value' in each ? jsonBytes(each.value) : 0), 0);
  return { standing, operations, made, next, left, leftPieces, pieces, dropped, weight, bytes: bytes + entriesBytes };
}

/** Leaves out what `dedupe` says has occurred, and makes the marks of what has not. One store call where anything says so. */
async function withoutRepeated(
  { store, runtime }: Deps,
  { tenant, trigger }: StandingTrigger,
  made: readonly MadeOccurrence[],
): Promise<{ made: MadeOccurrence[]; marks: Operation[]; repeated: number }> {
  const texts = new Map<string, MadeOccurrence>();
  for (const one of made) if (one.dedupe !== null && !texts.has(one.dedupe)) texts.set(one.dedupe, one);
  if (texts.size === 0) return { made: [...made], marks: [], repeated: 0 };
  const named = [...texts.keys()].slice(0, GET_MANY_LIMIT);
  const now = runtime.now();
  const readings = await store.getMany(
    named.map((text) => triggerOnceKey(tenant, trigger.name, digestOf(text))),
    now,
  );
  const marks: Operation[] = [];
  const known = new Set<string>();
  for (const [index, reading] of readings.entries()) {
    const text = named[index] ?? '';
    const one = texts.get(text);
    if (isPresent(reading) || one === undefined) known.add(text);
    else {
      const expiresAt = now + (trigger.log.retention.ageMs ?? KEPT_MS);
      marks.push(triggerOnce.put(reading, { id: one.event.id }, { expects: reading.version, expiresAt }));
    }
  }
  const left = made.filter((one) => one.dedupe === null || (!known.has(one.dedupe) && texts.get(one.dedupe) === one));
  return { made: left, marks, repeated: made.length - left.length };
}
