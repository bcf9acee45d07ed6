/**
 * The types of a condition on the events of one stream. A condition is plain data and has the same form in an app's
 * file, in a tool's arguments and in a record: `{ kind: 'threshold', field: 'celsius', above: 30, hysteresis: 2 }`.
 * Where the type of the stream is known, the paths of its fields are checked by type. `streams/conditions/condition.ts`
 * defines how a condition holds over time.
 *
 * A trigger fires at such a condition too, or at one that is made of several. Its time is the time of events.
 */
import type { FieldPath, ValueAt } from '../base/field-path.ts';
import type { Json } from '../base/json.ts';

export type Scalar = string | number | boolean | null;

/** One bound of a number: exactly one of the four. */
export type Bound = OneOf<'above' | 'atLeast' | 'below' | 'atMost', number>;

type OneOf<Name extends string, Value> = {
  [Given in Name]: { [Own in Given]: Value } & { [Other in Exclude<Name, Given>]?: undefined };
}[Name];

/**
 * Tests of one field. At least one is given, and a value has to pass all that are given. A missing field passes
 * `exists: false`, `not` and `notContains`, and no other test.
 */
export interface FieldTests<Value = Json> {
  equals?: Extract<Value, Scalar>;
  /** The field has another value, or is null or missing. With `exists: true` beside it: it has another value. */
  not?: Extract<Value, Scalar>;
  oneOf?: readonly Extract<Value, Scalar>[];
  /** A text contains this text. A list contains an element that equals it. */
  contains?: Exclude<Scalar, null>;
  /** The opposite of `contains`: the text or list does not contain it, or the field is neither, null or missing. */
  notContains?: Exclude<Scalar, null>;
  /** A pattern of the whole text, in which each `*` stands for any text, including none. */
  like?: string;
  above?: number;
  atLeast?: number;
  below?: number;
  atMost?: number;
  /** True: the field is there and is not null. */
  exists?: boolean;
}

/** A test of one field. A value alone is short for `{ equals }`. */
export type FieldTest<Value = Json> = Extract<Value, Scalar> | FieldTests<Value>;

/** Tests by the path of a field. An event has to pass all of them. */
export type Where<Data = Json> = { readonly [Path in FieldPath<Data>]?: FieldTest<ValueAt<Data, Path>> };

/** A test of an event's key: one key, one of several keys, or a pattern in which `*` stands for any text. */
export type KeyTest = string | { oneOf: readonly string[] } | { like: string };

interface Scope<Data> {
  /** Only events of these keys. Default: events of all keys. */
  key?: KeyTest;
  /** Only events whose data pass. */
  where?: Where<Data>;
  /**
   * True: the condition looks at each key by itself, and holds when it holds for one of them. False: the condition
   * looks at all keys together. Default: true for `threshold`, `change`, `rate` and `match`, false for `absence` and
   * `count`.
   */
  perKey?: boolean;
}

/**
 * Begins to hold with an event whose number is beyond the bound. Ceases with an event whose number is back by at least
 * the hysteresis.
 */
export type Threshold<Data = Json> = Scope<Data> &
  Bound & {
    kind: 'threshold';
    /** Default: the data themselves. */
    field?: FieldPath<Data, number>;
    /**
     * How far back from the bound the number has to be for the condition to cease; default 0. With `above: 30` and 2,
     * it ceases at 28 or less.
     */
    hysteresis?: number;
  };

/**
 * Holds with an event whose value differs from the value with which the condition last held. At first it compares with
 * the first value. It ceases with the next event. So small steps add up until they count as a change.
 */
export type Change<Data = Json> = Scope<Data> & {
  kind: 'change';
  /** Default: the data as a whole. */
  field?: FieldPath<Data>;
} & (
    | {
        /** Least difference of two numbers. Default: any difference, of values of any type. */
        by?: number;
        byPercent?: undefined;
      }
    | { by?: undefined; byPercent?: number }
  );

export type RateUnit = 'second' | 'minute' | 'hour' | 'day';

/**
 * Holds while the number's change per unit of time is beyond the bound. The change is the difference between the newest
 * number and the newest number that is at least `overMs` older (within an eighth of `overMs`), divided by the time
 * between them. The condition is not judged while there is no such older number.
 */
export type Rate<Data = Json> = Scope<Data> &
  Bound & {
    kind: 'rate';
    /** Default: the data themselves. */
    field?: FieldPath<Data, number>;
    per: RateUnit;
    overMs: number;
    hysteresis?: number;
  };

/** Holds when no event has come for `forMs`. Ceases with the next event. */
export type Absence<Data = Json> = Scope<Data> & { kind: 'absence'; forMs: number };

/** Begins to hold with an event that passes `where`. Ceases with an event that does not. */
export type Match<Data = Json> = Scope<Data> & { kind: 'match' };

/** Holds while at least `atLeast` events, the newest included, lie less than `withinMs` apart. */
export type Count<Data = Json> = Scope<Data> & { kind: 'count'; atLeast: number; withinMs: number };

export type Condition<Data = Json> =
  | Threshold<Data>
  | Change<Data>
  | Rate<Data>
  | Absence<Data>
  | Match<Data>
  | Count<Data>;

export type ConditionKind = Condition['kind'];

/** Of which stream a part is, by the name that the trigger's `on` gives it. Absent where the trigger has one stream alone. */
export interface OnStream {
  on?: string;
}

/** Holds while the aggregate of the events of the newest `overMs` is beyond the bound. It ceases when its last event leaves them; of `count` there are 0 then. */
export type WindowAggregate<Data = Json> = Bound & {
  kind: 'aggregate';
  of: 'mean' | 'min' | 'max' | 'sum' | 'count';
  /** Default: the data themselves. Not used by `count`. */
  field?: FieldPath<Data, number>;
  overMs: number;
  hysteresis?: number;
  key?: KeyTest;
  where?: Where<Data>;
  /** @default true */
  perKey?: boolean;
};

/** Holds while all of its parts hold. Parts are joined by key, where they look at each key by itself. */
export interface AllOf {
  kind: 'all';
  of: readonly TriggerCondition[];
}

/** Holds while one of its parts holds. */
export interface AnyOf {
  kind: 'any';
  of: readonly TriggerCondition[];
}

/** Holds when `next` begins to hold at most `withinMs` after `first` began to. It is over with the event after. */
export interface Sequence {
  kind: 'sequence';
  first: TriggerCondition;
  next: TriggerCondition;
  withinMs: number;
}

/** Holds when `withinMs` have passed since `first` began to hold, and `next` has not begun to. */
export interface Missing {
  kind: 'missing';
  first: TriggerCondition;
  next: TriggerCondition;
  withinMs: number;
}

export type TriggerCondition = ((Condition | WindowAggregate) & OnStream) | AllOf | AnyOf | Sequence | Missing;
