/**
 * A waiter as it was read, with those of its parts that were needed: reads them, takes entries in, and makes the operations that
 * store what has become of it. The version of its head decides who writes it.
 */
import type { DeclaredStream } from '../../declare/stream.ts';
import { commitSurely } from '../../store/commit.ts';
import { GET_MANY_LIMIT } from '../../store/limits.ts';
import { type Delete, isPresent, type LogEntry, type Operation, type Put, type Version } from '../../store/store.ts';
import { withinClock } from '../../streams/conditions/condition.ts';
import { type ConditionState, emptyState, STATE_LIMITS, type StateLimits } from '../../streams/conditions/state.ts';
import type { LogScope } from '../../streams/scope.ts';
import { waiterPartKey } from '../records/names.ts';
import {
  divided,
  type FoldedParts,
  foldParts,
  isToDivide,
  partNote,
  type PartNotes,
  partsDue,
  partsFor,
  tickParts,
} from './parts.ts';
import { isHeld, occurrenceOf, passTime, SKEW_MS, takeIn, type Waiter, type Waiting, waiterPart } from './waiter.ts';

export interface InHand<W extends Waiter = Waiter> {
  waiter: W;
  /** Parts that were read, by number, with what is stored of each. */
  read: ReadonlyMap<number, { state: ConditionState; stored: { id: string; version: Version } | null }>;
  /** Parts that are to be stored, by the ids that the waiter names. */
  fresh: ReadonlyMap<string, ConditionState>;
  /** Parts that the waiter names no more. */
  stale: readonly { id: string; version: Version }[];
}

export function inHand<W extends Waiter>(waiter: W): InHand<W> {
  return { waiter, read: new Map(), fresh: new Map(), stale: [] };
}

export function isWaiting(hand: InHand): hand is InHand<Waiting> {
  return !isHeld(hand.waiter);
}

/** Reads the parts that some entries concern, of several waiters at once. One store call for each 100 parts. */
export async function withParts(
  scope: LogScope,
  { name }: Pick<DeclaredStream, 'name'>,
  wanted: readonly { hand: InHand<Waiting>; parts: readonly number[] }[],
): Promise<InHand<Waiting>[]> {
  const { store, runtime, tenant } = scope;
  const missing = wanted.flatMap(({ hand, parts }, index) =>
    parts.flatMap((part) => {
      const note = hand.waiter.parts?.[part];
      return note === undefined || hand.read.has(part) || hand.fresh.has(note[0]) ? [] : [{ index, part, id: note[0] }];
    }),
  );
  const reads = wanted.map(({ hand }) => new Map(hand.read));
  for (let from = 0; from < missing.length; from += GET_MANY_LIMIT) {
    const some = missing.slice(from, from + GET_MANY_LIMIT);
    const readings = await store.getMany(
      some.map(({ id }) => waiterPartKey(tenant, name, id)),
      runtime.now(),
    );
    for (const [at, { index, part, id }] of some.entries()) {
      const reading = readings[at];
      if (reading === undefined || !isPresent(reading)) continue;
      const { condition } = wanted[index]?.hand.waiter ?? {};
      const state = waiterPart.decode(reading.value);
      const known = condition === undefined ? state : withinClock(condition, state, runtime.now());
      reads[index]?.set(part, { state: known, stored: { id, version: reading.version } });
    }
  }
  return wanted.map(({ hand }, index) => ({ ...hand, read: reads[index] ?? hand.read }));
}

/** The parts that are needed to take these entries in. */
export function wantedBy({ waiter }: InHand<Waiting>, entries: readonly LogEntry[], now: number): number[] {
  return waiter.parts === undefined ? [] : partsFor(waiter.condition, waiter.parts, entries, now);
}

/**
 * Takes in entries that follow its cursor. What `wantedBy` names was read, by the same `now`. A state that has grown is divided.
 */
export function takeInHand(
  runtime: Pick<LogScope['runtime'], 'newId'>,
  hand: InHand<Waiting>,
  entries: readonly LogEntry[],
  stream: string,
  now: number,
  limits: StateLimits = STATE_LIMITS,
): InHand {
  const { waiter } = hand;
  if (waiter.parts === undefined) {
    const taken = takeIn(waiter, entries, stream, now, limits);
    return divide(runtime, isHeld(taken) ? inHand(taken) : { ...hand, waiter: taken });
  }
  const { condition, parts, state } = waiter;
  const folded = foldParts(
    condition,
    state.of,
    parts,
    statesOf(hand, wantedBy(hand, entries, now)),
    entries,
    now,
    limits,
  );
  const next = after(runtime, hand, folded, stream);
  if (!isWaiting(next)) return next;
  return { ...next, waiter: { ...next.waiter, cursor: entries.at(-1)?.cursor ?? waiter.cursor } };
}

/** Judges it by time alone. One store call where its state is in parts that are due. @param now see `passTime` */
export async function passTimeInHand(
  scope: LogScope,
  hand: InHand<Waiting>,
  now: number,
  stream: Pick<DeclaredStream, 'name'>,
): Promise<InHand> {
  const { waiter } = hand;
  if (waiter.parts === undefined) return { ...hand, waiter: passTime(waiter, now, stream.name) };
  const { parts, condition } = waiter;
  const due = partsDue(parts, condition, now - SKEW_MS, now);
  if (due.length === 0) return hand;
  const [read = hand] = await withParts(scope, stream, [{ hand, parts: due }]);
  const ticked = tickParts(condition, parts, statesOf(read, due), now - SKEW_MS);
  return after(scope.runtime, read, ticked, stream.name);
}

/** Divides a state that has grown, so that it is stored in parts. */
export function divide(runtime: Pick<LogScope['runtime'], 'newId'>, hand: InHand): InHand {
  if (!isWaiting(hand)) return hand;
  const { waiter } = hand;
  if (waiter.parts !== undefined || !isToDivide(waiter.condition, waiter.state)) return hand;
  const { of, overflow } = waiter.state;
  const empty = { ...hand, waiter: { ...waiter, state: { ...emptyState(of), overflow }, parts: {} } };
  return replaced(runtime, empty, divided(waiter.state));
}

/**
 * The operations that store it: its head first, which `put` makes, the parts that it names newly, and deletes of those that it
 * names no more.
 */
export function operationsOf(
  tenant: string,
  stream: string,
  head: Put,
  { fresh, stale }: Pick<InHand, 'fresh' | 'stale'>,
): [head: Put, ...others: (Put | Delete)[]] {
  const { expiresAt = null } = head;
  return [head, ...partPuts(tenant, stream, fresh, expiresAt), ...stale.map((part) => dropOf(tenant, stream, part))];
}

/** Stores new parts before a head names them. Whoever is killed in between leaves them until they expire. */
export async function storeParts(
  { store, runtime, tenant }: LogScope,
  stream: string,
  { fresh }: InHand,
  expiresAt: number,
  deadline: number,
): Promise<void> {
  if (fresh.size === 0) return;
  await commitSurely(runtime, store, partPuts(tenant, stream, fresh, expiresAt), deadline);
}

/** Deletes parts that no waiter names any more. What is missed here expires. Errors as the store's. */
export async function dropParts(
  { store, runtime, tenant }: LogScope,
  stream: string,
  waiter: Waiter,
  deadline: number,
): Promise<void> {
  const ids = isHeld(waiter) ? (waiter.parts ?? []) : Object.values(waiter.parts ?? {}).map(([id]) => id);
  if (ids.length === 0) return;
  const readings = await store.getMany(
    ids.map((id) => waiterPartKey(tenant, stream, id)),
    runtime.now(),
  );
  const deletes = readings.flatMap(({ partition, id, version }): Operation[] =>
    version === null ? [] : [{ kind: 'delete', partition, id, expects: version }],
  );
  if (deletes.length > 0) await commitSurely(runtime, store, deletes, deadline);
}

function statesOf({ read, fresh, waiter }: InHand<Waiting>, parts: readonly number[]): Map<number, ConditionState> {
  return new Map(
    parts.map((part) => {
      const id = waiter.parts?.[part]?.[0] ?? '';
      return [part, fresh.get(id) ?? read.get(part)?.state ?? emptyState(waiter.state.of)];
    }),
  );
}

function after(
  runtime: Pick<LogScope['runtime'], 'newId'>,
  hand: InHand<Waiting>,
  { began, changed }: FoldedParts,
  stream: string,
): InHand {
  if (began === null) return changed.size === 0 ? hand : replaced(runtime, hand, changed);
  const named = Object.values(hand.waiter.parts ?? {}).flatMap(([id]) => (hand.fresh.has(id) ? [] : [id]));
  const parts = [...named, ...hand.stale.map(({ id }) => id)];
  return inHand({ held: occurrenceOf(stream, began), ...(parts.length === 0 ? {} : { parts }) });
}

/** Puts other states in the place of parts, each under a new id. */
function replaced(
  runtime: Pick<LogScope['runtime'], 'newId'>,
  hand: InHand<Waiting>,
  changed: ReadonlyMap<number, ConditionState>,
): InHand<Waiting> {
  const fresh = new Map(hand.fresh);
  const stale = [...hand.stale];
  const parts: Record<string, PartNotes[string]> = { ...hand.waiter.parts };
  for (const [part, state] of changed) {
    const former = parts[part]?.[0];
    if (former !== undefined && !fresh.delete(former)) {
      const stored = hand.read.get(part)?.stored;
      if (stored?.id === former) stale.push(stored);
    }
    const id = runtime.newId();
    if (state.subjects.length === 0) delete parts[part];
    else {
      parts[part] = partNote(hand.waiter.condition, state, id);
      fresh.set(id, state);
    }
  }
  return { ...hand, waiter: { ...hand.waiter, parts }, fresh, stale };
}

function partPuts(
  tenant: string,
  stream: string,
  fresh: ReadonlyMap<string, ConditionState>,
  expiresAt: number | null,
): Put[] {
  return [...fresh].map(([id, state]) =>
    waiterPart.put(waiterPartKey(tenant, stream, id), state, { expects: null, expiresAt }),
  );
}

function dropOf(tenant: string, stream: string, { id, version }: { id: string; version: Version }): Delete {
  return { kind: 'delete', ...waiterPartKey(tenant, stream, id), expects: version };
}
