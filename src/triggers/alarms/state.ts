/**
 * The states of an alarm and what moves it from one to another, after ISA-18.2. Pure: no clock, no store.
 *
 * | state | the condition | somebody has seen it |
 * | --- | --- | --- |
 * | `raised` | holds, or held and is kept until a person clears it | no |
 * | `acknowledged` | the same | yes |
 * | `returned` | ceased by itself | no |
 * | `cleared` | ceased, or a person cleared it | yes |
 * | `shelved` | any of these, out of sight until a time. Beneath, it moves as ever, and shows that when the time is over |
 */
import type { Severity } from '../../declare/trigger.ts';

export const ALARM_STATES = ['raised', 'acknowledged', 'returned', 'cleared', 'shelved'] as const;
export type AlarmState = (typeof ALARM_STATES)[number];

/** What happened to an alarm. The first three come from events and time, the others from people. */
export const ALARM_ACTIONS = [
  ...(['raise', 'cease', 'shelf_end'] as const),
  ...(['acknowledge', 'shelve', 'unshelve', 'clear'] as const),
] as const;
export type AlarmAction = (typeof ALARM_ACTIONS)[number];

/** Who did something, in whose name, with which words. */
export interface AlarmActor {
  tenant: string;
  subject: string;
}

/** What is remembered of an alarm: of a trigger, or of one key of it. All times are epoch ms. */
export interface AlarmStatus {
  trigger: string;
  /** Null: all keys together. */
  key: string | null;
  /** Whether the condition holds, as far as occurrences tell. */
  holds: boolean;
  /** It holds, or held, and only a person ends that. */
  latched: boolean;
  acknowledged: boolean;
  shelvedUntil: number | null;
  severity: Severity;
  /** Of the last occurrence. */
  title: string;
  value: number | null;
  /** Its id, by which somebody says which one was seen. */
  occurrence: string;
  /** How often it was raised since it was last cleared, and its acknowledgement counts for none of them after it. */
  count: number;
  /** When it was raised first since it was last cleared, and when something last happened, in the time of events. */
  raisedAt: number;
  lastAt: number;
  /** When it became what it is, by the clock of the server. */
  changedAt: number;
  /** Who did the last thing that a person did to it, since it was raised. */
  by: AlarmActor | null;
  note: string | null;
}

export type AlarmInput =
  | {
      action: 'raise';
      time: number;
      severity: Severity;
      title: string;
      value: number | null;
      occurrence: string;
      /** Whether it clears by itself when the condition ceases. */
      clears: boolean;
    }
  | { action: 'cease'; time: number; title: string; value: number | null; occurrence: string }
  | { action: 'shelf_end' }
  | ({ by: AlarmActor; note: string | null } & (
      | { action: 'acknowledge' | 'unshelve' | 'clear' }
      | { action: 'shelve'; until: number }
    ));

/**
 * Null: nothing changes. `still_holds`: it cannot be cleared before somebody acknowledged it, since its condition would not raise it
 * again before it ceased. Of a trigger whose condition was changed meanwhile nobody says that it ceased.
 */
type AlarmMove = AlarmStatus | null | 'still_holds';

/** What an alarm shows at a time. */
export function alarmStateOf(alarm: AlarmStatus, now: number): AlarmState {
  if (isShelved(alarm, now)) return 'shelved';
  return beneath(alarm);
}

export function isShelved({ shelvedUntil }: Pick<AlarmStatus, 'shelvedUntil'>, now: number): boolean {
  return shelvedUntil !== null && shelvedUntil > now;
}

/** What it would show if it were not shelved. */
export function beneath({ holds, latched, acknowledged }: AlarmStatus): Exclude<AlarmState, 'shelved'> {
  if (holds || latched) return acknowledged ? 'acknowledged' : 'raised';
  return acknowledged ? 'cleared' : 'returned';
}

/** Where no occurrence was ever, there is no alarm to move. */
export function raisedFirst(
  trigger: string,
  key: string | null,
  input: AlarmInput & { action: 'raise' },
  now: number,
): AlarmStatus {
  const { time, severity, title, value, occurrence, clears } = input;
  return {
    trigger,
    key,
    holds: true,
    latched: !clears,
    acknowledged: false,
    shelvedUntil: null,
    severity,
    title,
    value,
    occurrence,
    count: 1,
    raisedAt: time,
    lastAt: time,
    changedAt: now,
    by: null,
    note: null,
  };
}

export function moveAlarm(alarm: AlarmStatus, input: AlarmInput, now: number): AlarmMove {
  const changedAt = now;
  switch (input.action) {
    case 'raise': {
      const { time, severity, title, value, occurrence, clears } = input;
      const isAnew = beneath(alarm) === 'cleared';
      return {
        ...alarm,
        holds: true,
        latched: alarm.latched || !clears,
        acknowledged: false,
        severity,
        title,
        value,
        occurrence,
        lastAt: time,
        changedAt,
        count: isAnew ? 1 : alarm.count + 1,
        raisedAt: isAnew ? time : alarm.raisedAt,
        ...(isAnew ? { by: null, note: null } : {}),
      };
    }
    case 'cease': {
      if (!alarm.holds) return null;
      const { time, title, value } = input;
      return { ...alarm, holds: false, title, value, lastAt: time, changedAt };
    }
    case 'shelf_end':
      return alarm.shelvedUntil === null || isShelved(alarm, now) ? null : { ...alarm, shelvedUntil: null, changedAt };
    case 'acknowledge':
      return alarm.acknowledged ? null : { ...alarm, acknowledged: true, ...told(input), changedAt };
    case 'shelve':
      return alarm.shelvedUntil === input.until
        ? null
        : { ...alarm, shelvedUntil: input.until, ...told(input), changedAt };
    case 'unshelve':
      return isShelved(alarm, now) ? { ...alarm, shelvedUntil: null, ...told(input), changedAt } : null;
    case 'clear':
      if (alarm.holds && !alarm.acknowledged) return 'still_holds';
      if (beneath(alarm) === 'cleared') return null;
      return { ...alarm, holds: false, latched: false, acknowledged: true, ...told(input), changedAt };
    default:
      return input satisfies never;
  }
}

function told({ by, note }: { by: AlarmActor; note: string | null }): Pick<AlarmStatus, 'by' | 'note'> {
  return { by, note };
}
