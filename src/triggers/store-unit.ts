/**
 * What is stored of one trigger after a round: its record, those of its parts that have changed, what it owes, and its
 * occurrences, which take effect together.
 */
import { jsonBytes } from '../base/json.ts';
import type { Operation, Put } from '../store/store.ts';
import type { Deps } from '../streams/deps.ts';
import { loggedEvent, streamLog } from '../streams/log/stream-log.ts';
import { type StoredKey, toStored } from './judging/key-state.ts';
import type { Moment } from './judging/moment.ts';
import { triggerKey, triggerPieceKey } from './names.ts';
import { type MadeOccurrence, makeOccurrence } from './occurrence.ts';
import { boundedPart, keysByPart, owedGroups, stagePieces } from './pieces.ts';
import { type StoredTrigger, triggerOwed, triggerPart, triggerRecord } from './record.ts';
import { TRIGGER_KEPT_MS, untoldLeft, withoutRepeated } from './repeated.ts';
import type { StandingTrigger } from './standing.ts';

/** A state of keys with more bytes than this is divided into parts. */
const INLINE_BYTES = 8_192;
/** All pieces are written anew so often, long before they would expire, ms. */
const PIECES_MS = 30 * 86_400_000;
const PIECES_KEPT_MS = 400 * 86_400_000;
/** Most bytes of occurrences in a commit; a greater one goes alone. */
const ENTRIES_BYTES = 90_000;
const MOST_ENTRIES = 25;
const MOST_TROUBLES = 5;
const MOST_DROPS = 30;

export interface StoredUnit {
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

/** Errors as `commitSurely`, where pieces are stored before. @param deadline epoch ms */
export async function storedUnit(deps: Deps, standing: StandingTrigger, deadline: number): Promise<StoredUnit> {
  const { runtime } = deps;
  const { trigger, tenant, judge, plan, stored: before } = standing;
  const now = runtime.now();
  const owesFirst = standing.owed.length > 0;
  const firstPiece = owesFirst ? undefined : standing.owedPieces[0];
  const morePieces = owesFirst ? standing.owedPieces : standing.owedPieces.slice(1);
  // What is found comes behind what is owed, and is owed in its turn where that is more than one commit tells.
  const isNext = morePieces.length === 0;
  const found = [...standing.owed, ...(firstPiece?.moments ?? []), ...(isNext ? judge.found() : [])];
  const behind = isNext ? [] : owedGroups(judge.found());
  const { fitting, entriesBytes } = await whatFits(found, standing, runtime);
  const { made, marks, repeated, untold } = await withoutRepeated(deps, standing, fitting);
  const owing = untoldLeft(untold, [
    { id: '', moments: found.slice(fitting.length) },
    ...morePieces,
    ...behind.map((moments) => ({ id: '', moments })),
  ]);
  for (const key of owing.open) judge.untell(key);
  const [first, ...later] = owing.pieces;
  const puts: Put[] = [];
  const putPiece = (value: StoredKey[] | Moment[], of: typeof triggerPart | typeof triggerOwed): string => {
    const id = runtime.newId();
    const key = triggerPieceKey(tenant, trigger.name, id);
    puts.push(
      (of as typeof triggerPart).put(key, value as StoredKey[], { expects: null, expiresAt: now + PIECES_KEPT_MS }),
    );
    return id;
  };
  const [left = [], ...groups] = owedGroups(first?.moments ?? []);
  const leftPieces = [
    ...groups.map((moments) => ({ id: putPiece(moments, triggerOwed), moments })),
    ...later.map(({ id, moments }) => ({ id: id === '' ? putPiece([...moments], triggerOwed) : id, moments })),
  ];
  const { keys, clocks, judgedTo, newest, common, counts } = judge.state;
  const { inline, parts, isPartly } = divideKeys(standing, now, (kept) => putPiece(kept, triggerPart));
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
    last: last === undefined ? before.last : shownLast(last),
    late: before.late,
    troubles: [...troubles.toReversed(), ...before.troubles].slice(0, MOST_TROUBLES),
  };
  keys.overflow += counts.overflow;
  counts.overflow = 0;
  const head = triggerRecord.put(triggerKey(tenant, trigger.name), next, {
    expects: standing.version,
    expiresAt: now + TRIGGER_KEPT_MS,
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

/** As many of them as one commit tells, and one at least. */
async function whatFits(
  found: readonly Moment[],
  { trigger, tenant }: StandingTrigger,
  runtime: Deps['runtime'],
): Promise<{ fitting: MadeOccurrence[]; entriesBytes: number }> {
  const fitting: MadeOccurrence[] = [];
  let entriesBytes = 0;
  for (const moment of found) {
    const made = await makeOccurrence(trigger, tenant, moment, runtime);
    const bytes = jsonBytes(made.event);
    if (fitting.length > 0 && (fitting.length >= MOST_ENTRIES || entriesBytes + bytes > ENTRIES_BYTES)) break;
    fitting.push(made);
    entriesBytes += bytes;
  }
  return { fitting, entriesBytes };
}

/**
 * The states of keys: in the record where they are few, else in parts, of which those that have changed are put anew.
 * @param putPart puts a part, and answers its id
 */
function divideKeys(
  { judge, stored: before, isFresh }: StandingTrigger,
  now: number,
  putPart: (kept: StoredKey[]) => string,
): { inline: StoredKey[]; parts: Record<string, string>; isPartly: boolean } {
  const { keys, counts } = judge.state;
  const isOld = now - before.piecesAt >= PIECES_MS;
  const wasDivided = Object.keys(before.parts).length > 0;
  const isPartly = wasDivided && !isFresh && !isOld;
  const changed = keys.changedParts();
  const byPart = keysByPart(keys.all(), isPartly ? changed : null);
  const all = [...byPart.values()].flat();
  const isDivided = isPartly || jsonBytes(all) > INLINE_BYTES;
  const parts: Record<string, string> = isPartly ? { ...before.parts } : {};
  for (const part of isDivided ? (isPartly ? changed : byPart.keys()) : []) {
    const held = boundedPart(byPart.get(part) ?? [], (key) => judge.mayForget(key));
    for (const key of held.gone) judge.forgetKey(key);
    counts.overflow += held.gone.length;
    if (held.kept.length > 0) parts[part] = putPart(held.kept);
    else delete parts[part];
  }
  // Dropping marked them as changed; they are written here.
  keys.changedParts();
  return { inline: isDivided ? [] : all, parts, isPartly };
}

function shownLast({ id, key, time, data }: MadeOccurrence['event']): NonNullable<StoredTrigger['last']> {
  return { id, key: key ?? null, time, title: (data as { title: string }).title };
}
