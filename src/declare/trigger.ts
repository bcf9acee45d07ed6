/**
 * A trigger: a condition on the events of one or more streams. When the condition begins to hold, an occurrence is stored, once,
 * in the log of the trigger. What is done about it follows that log: webhooks, tasks, alarms, listeners. The types of this file
 * are what an app writes and what `defineApp` makes of it; `triggers/` decides when a condition holds.
 */
import type * as z from 'zod';
import type { StreamEvent } from '../base/event.ts';
import type { Json } from '../base/json.ts';
import type { StreamRef } from './app-streams.ts';
import type { Displayed } from './display.ts';
import type { StreamTenants } from './feed.ts';
import type { Scoped } from './scoped.ts';
import type { DeclaredStream, Retention } from './stream.ts';
import type { TriggerCondition } from './condition.ts';

/** How much an alarm matters, most first. */
export const SEVERITIES = ['critical', 'major', 'minor', 'warning', 'info'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** The moment at which the condition of a trigger began to hold or, where the trigger tells it, ceased to. */
export interface TriggerOccurrence<Payload = Json> {
  /** Made of the trigger and what made the condition hold: the same whoever finds it, and however often. */
  id: string;
  trigger: string;
  became: 'holding' | 'ceased';
  /** The key for which it holds. Null: all keys together, or streams without keys. */
  key: string | null;
  /** Epoch ms, in the time of events. */
  time: number;
  /** One line for people. */
  title: string;
  /** The number that decided: the field's value, the rate, the aggregate. Null: no number decided. */
  value: number | null;
  /** The events that made it, oldest first, at most 20. Empty where the passing of time alone did. */
  events: readonly StreamEvent[];
  /** What `payload` made of it. */
  payload: Payload;
}

/** What `payload`, `title`, `dedupe` and `starts` are given. */
export type TriggerMoment = Omit<TriggerOccurrence, 'title' | 'payload' | 'id'>;

export interface TriggerAlarm {
  /**
   * How much it matters: `critical`, `major`, `minor`, `warning` or `info`, or a function of the moment.
   * @default warning
   */
  severity?: Severity | ((moment: TriggerMoment) => Severity);
  /**
   * Whether the alarm is cleared when the condition ceases to hold. False: only a person clears it.
   * @default true
   */
  clears?: boolean;
}

export interface TriggerReaction {
  /** The name of the task. */
  task: string;
  /** What it is called with. Default: the occurrence itself, as far as the task's schema takes it. */
  input?: (occurrence: TriggerOccurrence) => unknown;
  /**
   * Scopes that a caller needs, all of them, to see these tasks, to answer what they ask and to cancel them; beside `tasks`, those of
   * the task, those of the trigger, and the reading of its streams. Default: `alarms:write:<trigger>` where the trigger has an
   * alarm, else none.
   */
  for?: readonly string[];
}

export interface TriggerOptions<Payload extends z.ZodType = z.ZodType> extends Displayed, Scoped {
  /** For a model that has never seen the app: what happened when this fires, and what to do about it. */
  description: string;
  /** The stream that it watches, or several by the names by which the parts of the condition call them (`on`). */
  on: StreamRef<unknown> | Readonly<Record<string, StreamRef<unknown>>>;
  /** When it fires: a condition as tasks wait for it, or one made of several. */
  when: TriggerCondition;
  /** What subscribers get, and its shape. Default: `{ key, value, event }`, with the data of the newest event. */
  payload?: { schema: Payload; of: (moment: TriggerMoment) => z.input<Payload> };
  /** One line for people about an occurrence. Default: the title of the trigger, the key and the value. */
  says?: (moment: TriggerMoment) => string;
  /**
   * After an occurrence no other one of the same key is stored for so long, in the time of events.
   * @default 0 ms
   */
  cooldownMs?: number;
  /** Occurrences with the same text are one, for as long as the trigger's log keeps it. Default: each is one. */
  dedupe?: (moment: TriggerMoment) => string | null;
  /**
   * How long to wait for events that come late, in ms. Events are judged in the order of their times once this has passed; one
   * that comes later still is not judged, and the trigger says what it would have changed.
   * @default 0 ms
   */
  lateMs?: number;
  /** Keeps a state of each key: raised, acknowledged, cleared, shelved. Default: none is kept. */
  alarm?: TriggerAlarm;
  /** Begins a task of the app with each occurrence, once. */
  starts?: TriggerReaction;
  /** How much of the log of occurrences is kept. Default: 10,000 and 30 days. */
  retention?: Retention;
}

/** A trigger as an app declares it, with the types of its data forgotten. */
export interface Trigger extends Omit<TriggerOptions, 'payload'> {
  kind: 'trigger';
  payload?: { schema: z.ZodType; of: (moment: TriggerMoment) => unknown };
}

/** Declares a trigger; `defineApp` validates it. */
export function trigger<Payload extends z.ZodType>(options: TriggerOptions<Payload>): Trigger {
  return { ...options, kind: 'trigger' };
}

/** A trigger, as all other code uses it. */
export interface DeclaredTrigger {
  name: string;
  /** The declaration that this was made from, the same object. */
  declaration: Trigger;
  title: string;
  description: string;
  scopes: readonly string[];
  /** The names of the streams that it watches, by what the condition calls them. A trigger of one stream calls it by its name. */
  on: ReadonlyMap<string, string>;
  when: TriggerCondition;
  /** Where its occurrences stand: in the app's name where all of its streams are shared, else in each tenant's. */
  tenants: StreamTenants;
  /**
   * The log of its occurrences, as a stream, so that what reads and follows streams reads and follows it. It is named
   * `trigger.<name>`, and is in no list of streams. The data of its events are `OccurrenceData`, its ids those of occurrences.
   */
  log: DeclaredStream;
  /** Shape of the payload. */
  payload: z.ZodType;
  cooldownMs: number;
  lateMs: number;
  /** Whether it is stored when the condition ceases to hold, too. */
  tellsEnds: boolean;
  alarm: Required<TriggerAlarm> | null;
  /** With `for` as it counts. */
  starts: (TriggerReaction & Required<Pick<TriggerReaction, 'for'>>) | null;
}

/** What the log of a trigger holds of an occurrence as an event's data. Id, key and time are the event's. */
export type OccurrenceData = Pick<TriggerOccurrence, 'became' | 'title' | 'value' | 'events' | 'payload'> & {
  /** Of a trigger with an alarm. */
  severity?: Severity;
};

/** An alarm as it stands. All times are epoch ms. */
export interface Alarm {
  trigger: string;
  /** Null: all keys together. */
  key: string | null;
  state: 'raised' | 'acknowledged' | 'returned' | 'cleared' | 'shelved';
  severity: Severity;
  title: string;
  value: number | null;
  /** How often it was raised since it was cleared. */
  count: number;
  /** In the time of events. */
  raisedAt: number;
  lastAt: number;
  shelvedUntil: number | null;
  /** Who did the last thing that a person did; `somebody` of another tenant. */
  by: string | null;
  note: string | null;
  /** Id of the last occurrence. */
  occurrence: string;
}

export interface AlarmQuery {
  /** Default: raised, acknowledged and returned. */
  states?: readonly Alarm['state'][];
  severity?: readonly Severity[];
  trigger?: string;
  key?: string;
  /** 1 to 200; default 200. */
  limit?: number;
}

export interface AppAlarms {
  /** @throws TidegateError `not_found` for a trigger without alarms */
  list(query?: AlarmQuery): Promise<Alarm[]>;
  /**
   * Does something to an alarm in the caller's name, once however often it is asked for. `changed`: it was not so already.
   * @throws TidegateError `not_found`; `invalid_input` for one that still holds and is to be cleared, or was raised again
   */
  act(
    alarm: { trigger: string; key?: string | null; occurrence?: string },
    what: { action: 'acknowledge' | 'shelve' | 'unshelve' | 'clear'; note?: string; forMs?: number },
  ): Promise<{ alarm: Alarm; changed: boolean }>;
}
