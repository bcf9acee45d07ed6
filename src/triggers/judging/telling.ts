/**
 * What a judge found, until somebody asks for it: what is told where the whole condition moved for a key, within its cooldown,
 * and within the bytes that a commit takes.
 */
import type { StreamEvent } from '../../base/event.ts';
import type { Removed } from '../../streams/log/removals.ts';
import { boundEvents, type RememberedKey } from './key-state.ts';
import type { Moment } from './moment.ts';
import type { ConditionPlan } from './plan.ts';
import { cleansed } from './removed.ts';
import type { Moved } from './settle.ts';
import type { JudgeSettings, TriggerState } from './state.ts';

/** When so much is found, somebody has to ask for it before more is judged. One event, or one time, may find more. */
const MOST_FOUND = 25;
const FOUND_BYTES = 48_000;
/** Most bytes of the events of an occurrence, and of one of many at once. */
const EVENTS_BYTES = 32_000;
const FEW_BYTES = 600;

export interface Telling {
  /** Something may be due by a cooldown alone. */
  readonly isTimed: boolean;
  /** What the step at hand is about; null: no event. */
  about(event: StreamEvent | null, cause?: string): void;
  tell(own: RememberedKey, at: number, moved: Moved): void;
  coolAt(own: RememberedKey): number | null;
  isFull(): boolean;
  hasFound(): boolean;
  /** What was found since this was last asked. */
  take(): Moment[];
  forget(what: Removed): void;
}

export function createTelling(
  plan: ConditionPlan,
  { cooldownMs, tellsEnds }: Pick<JudgeSettings, 'cooldownMs' | 'tellsEnds'>,
  { common, counts }: Pick<TriggerState, 'common' | 'counts'>,
): Telling {
  const tellsLater = cooldownMs > 0 && tellsEnds;
  let found: Moment[] = [];
  let foundBytes = 0;
  let event: StreamEvent | null = null;
  let cause = '';

  /** When the cooldown of a key is over that holds and was not told: with an alarm, its state is told then. */
  function coolAt(own: RememberedKey): number | null {
    if (!tellsLater || own.told || own.lastAt === null || own.nodes[plan.root.index]?.holds !== true) return null;
    return own.lastAt + cooldownMs;
  }

  /** The whole condition moved for a key: what is to be told? */
  function tell(own: RememberedKey, at: number, { began, ceased, value }: Moved): void {
    const { index } = plan.root;
    if (ceased[index] === 1 && own.told) {
      own.told = false;
      if (tellsEnds) add('ceased', own, at, value[index] ?? null, event === null ? [] : [event]);
    }
    if (began[index] !== 1) return;
    if (cooldownMs > 0 && own.lastAt !== null && at < own.lastAt + cooldownMs) {
      counts.suppressed += 1;
      return;
    }
    if (cooldownMs > 0) own.lastAt = at;
    own.told = tellsEnds;
    const made = own.nodes[index]?.made;
    const events = made && made.length > 0 ? made : event === null ? [] : [event];
    add('holding', own, at, value[index] ?? null, withWhole(events));
  }

  /** What is remembered of the event at hand may lack its data. */
  function withWhole(events: readonly StreamEvent[]): readonly StreamEvent[] {
    const { id, stream, revision } = event ?? {};
    return events.map((one) => (one.id === id && one.stream === stream && one.revision === revision ? event! : one));
  }

  function add(
    became: Moment['became'],
    own: RememberedKey,
    at: number,
    value: number | null,
    events: readonly StreamEvent[],
  ) {
    const key = own === common ? plan.commonKey : own.key;
    const kept = boundEvents(events, found.length < MOST_FOUND ? EVENTS_BYTES : FEW_BYTES);
    foundBytes += kept.bytes;
    found.push({ became, key, time: event?.time ?? at, value, events: kept.events, cause });
  }

  return {
    isTimed: tellsLater,
    about(of, by = '') {
      event = of;
      cause = by;
    },
    tell,
    coolAt,
    isFull: () => found.length >= MOST_FOUND || foundBytes >= FOUND_BYTES,
    hasFound: () => found.length > 0,
    take() {
      const moments = found;
      found = [];
      foundBytes = 0;
      return moments;
    },
    forget: (what) => void (found = found.flatMap((moment) => cleansed(moment, what) ?? [])),
  };
}
