/**
 * A trigger as this process knows it: its judge, which may be ahead of what is stored, and the versions that it was read at.
 * Judging is repeatable, so what has made no occurrence need not be stored at once: whoever reads the trigger judges it again.
 */
import type { DeclaredTrigger } from '../declare/trigger.ts';
import type { Reading, Version } from '../store/store.ts';
import type { StreamClock } from './judging/clock.ts';
import { createTriggerJudge, type TriggerJudge } from './judging/judge.ts';
import type { Moment } from './judging/moment.ts';
import { emptyKey, fromStored, type StoredKey } from './judging/key-state.ts';
import { begunKeys, createRememberedKeys } from './judging/keys.ts';
import { type ConditionPlan, conditionPlan, type Leaf } from './judging/plan.ts';
import type { TriggerState } from './judging/state.ts';
import { stateWithinClock } from './judging/within-clock.ts';
import { type StoredTrigger, triggerRecord } from './record.ts';

export interface StandingTrigger {
  trigger: DeclaredTrigger;
  plan: ConditionPlan;
  judge: TriggerJudge;
  /** Whose logs its streams are, and its own: the tenant in whose name it stands. */
  tenant: string;
  /** As it was read, or stored since. */
  stored: StoredTrigger;
  version: Version | null;
  /** Of its pieces that were read, or stored since, by their ids. */
  pieceVersions: Map<string, Version>;
  /** The record has to be written, whatever there is to tell: it is new, or of another condition. */
  isFresh: boolean;
  /** Where it reads on, by stream. */
  positions: Map<string, StreamClock['head']>;
  /** Entries that were taken in since it was stored. */
  ahead: number;
  /** Found, and not stored yet. */
  owed: Moment[];
  /** What is owed behind that, as pieces. */
  owedPieces: { id: string; moments: readonly Moment[] }[];
}

const plans = new WeakMap<DeclaredTrigger, ConditionPlan>();

export function planFor(trigger: DeclaredTrigger): ConditionPlan {
  const known = plans.get(trigger) ?? conditionPlan(trigger);
  plans.set(trigger, known);
  return known;
}

/**
 * @param reading of its record @param pieces what its pieces hold
 * @param begin makes the clock of a stream that it did not watch before
 * @param known keys of which a new trigger measures the silence, by the part of its condition
 */
export function standingTrigger(
  trigger: DeclaredTrigger,
  tenant: string,
  reading: Reading,
  pieces: TriggerPieces,
  begin: (stream: string) => StreamClock,
  known: (leaf: Leaf) => readonly string[],
  now: number,
): StandingTrigger {
  const plan = planFor(trigger);
  const read = triggerRecord.read(reading);
  const same = read?.of === plan.of ? read : null;
  const clocks = new Map(
    plan.streams.map((stream) => {
      const known = read?.clocks[stream];
      return [stream, known === undefined ? begin(stream) : { ...known }];
    }),
  );
  const common = same === null ? emptyKey(plan, null) : fromStored(same.common);
  const stored = same === null ? [] : [...same.keys, ...pieces.keys];
  const keys = createRememberedKeys(plan, stored.map(fromStored), same?.counts.overflow ?? 0);
  if (same === null) begunKeys(plan, common, keys, now, known);
  const counts = read?.counts ?? NO_COUNTS;
  const state: TriggerState = {
    clocks,
    judgedTo: read?.judgedTo ?? 0,
    newest: read?.newest ?? 0,
    common,
    keys,
    counts: { late: counts.late, hurried: counts.hurried, suppressed: counts.suppressed, overflow: 0 },
  };
  stateWithinClock(plan, state, now);
  const { lateMs, cooldownMs, tellsEnds } = trigger;
  return {
    trigger,
    plan,
    judge: createTriggerJudge(plan, { lateMs, cooldownMs, tellsEnds }, state),
    tenant,
    stored: read === null ? newRecord(plan, now) : { ...read, of: plan.of },
    version: reading.version,
    pieceVersions: pieces.versions,
    isFresh: same === null,
    positions: new Map([...clocks].map(([stream, { from }]) => [stream, from])),
    ahead: 0,
    owed: [...(read?.owed ?? [])],
    owedPieces: [...pieces.owed, ...(read !== null && same === null ? endsOf(trigger, read, pieces) : [])],
  };
}

/** What its pieces hold. */
export interface TriggerPieces {
  keys: readonly StoredKey[];
  owed: { id: string; moments: readonly Moment[] }[];
  versions: Map<string, Version>;
}

/** The condition is another one: what was told to hold by the one before is over. */
function endsOf(
  { tellsEnds }: DeclaredTrigger,
  read: StoredTrigger,
  { keys }: TriggerPieces,
): StandingTrigger['owedPieces'] {
  if (!tellsEnds) return [];
  const told = [read.common, ...read.keys, ...keys].filter(([, isTold]) => isTold === 1);
  const moments = told.map(([key]): Moment => {
    return { became: 'ceased', key, time: read.newest, value: null, events: [], cause: `c${read.of}` };
  });
  // It is in no piece yet: the next storing puts it into one, or tells it.
  return moments.length === 0 ? [] : [{ id: '', moments }];
}

const NO_COUNTS: StoredTrigger['counts'] = {
  holding: 0,
  ceased: 0,
  suppressed: 0,
  repeated: 0,
  late: 0,
  hurried: 0,
  overflow: 0,
  broken: 0,
};

function newRecord({ of }: ConditionPlan, now: number): StoredTrigger {
  return {
    of,
    begunAt: now,
    storedAt: 0,
    clocks: {},
    judgedTo: 0,
    newest: 0,
    common: [null, 0, null, []],
    keys: [],
    parts: {},
    piecesAt: now,
    owed: [],
    owedPieces: [],
    counts: NO_COUNTS,
    last: null,
    late: [],
    troubles: [],
  };
}
