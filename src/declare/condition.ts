/**
 * What a condition on the events of one stream says. It is plain data, and the same in an app's file, in a tool's
 * arguments and in a record: `{ kind: 'threshold', field: 'celsius', above: 30, hysteresis: 2 }`. Where the stream is
 * known, so are the paths of its fields. What the conditions mean over time stands in `streams/conditions/condition.ts`.
 */
import type { FieldPath, ValueAt } from '../base/field-path.ts';
import type { Json } from '../base/json.ts';

export type Scalar = string | number | boolean | null;

/** Exactly one side. */
export type Bound = OneOf<'above' | 'atLeast' | 'below' | 'atMost', number>;

type OneOf<Name extends string, Value> = {
  [Given in Name]: { [Own in Given]: Value } & { [Other in Exclude<Name, Given>]?: undefined };
}[Name];

/** Tests of one field, of which at least one is given; all that are given have to pass. A missing field passes `exists: false` alone. */
export interface FieldTests<Value = Json> {
  equals?: Extract<Value, Scalar>;
  /** Another value, or null. */
  not?: Extract<Value, Scalar>;
  oneOf?: readonly Extract<Value, Scalar>[];
  /** In a text: this text somewhere. In a list: an element that equals it. */
  contains?: Exclude<Scalar, null>;
  /** The whole of a text, in which each `*` stands for any text, also none. */
  like?: string;
  above?: number;
  atLeast?: number;
  below?: number;
  atMost?: number;
  /** True: the field is there and is not null. */
  exists?: boolean;
}

/** A value alone is short for `{ equals }`. */
export type FieldTest<Value = Json> = Extract<Value, Scalar> | FieldTests<Value>;

/** Tests by the path of a field; all have to pass. */
export type Where<Data = Json> = { readonly [Path in FieldPath<Data>]?: FieldTest<ValueAt<Data, Path>> };

/** One key, one of several, or keys of a form, in which `*` stands for any text. */
export type KeyTest = string | { oneOf: readonly string[] } | { like: string };

interface Scope<Data> {
  /** Only events of these keys; default: of all. */
  key?: KeyTest;
  /** Only events whose data pass. */
  where?: Where<Data>;
  /**
   * True: each key by itself, and the condition holds when it holds for one of them. False: all keys together. Default:
   * true for `threshold`, `change`, `rate` and `match`, false for `absence` and `count`.
   */
  perKey?: boolean;
}

/** Holds from the event on whose number is beyond the bound, up to the one whose number is back beyond the band. */
export type Threshold<Data = Json> = Scope<Data> &
  Bound & {
    kind: 'threshold';
    /** Default: the data themselves. */
    field?: FieldPath<Data, number>;
    /** How far back the number has to be for the condition to cease; default 0. With `above: 30` and 2: at 28 or less. */
    hysteresis?: number;
  };

/**
 * Holds with an event whose value differs from the one it held with before (at first: from the first value), and ceases
 * with the next event. Small steps so add up until they are a change.
 */
export type Change<Data = Json> = Scope<Data> & {
  kind: 'change';
  /** Default: the data as a whole. */
  field?: FieldPath<Data>;
} & (
    | {
        /** Least difference of numbers; default: any difference, of any values. */
        by?: number;
        byPercent?: undefined;
      }
    | { by?: undefined; byPercent?: number }
  );

export type RateUnit = 'second' | 'minute' | 'hour' | 'day';

/**
 * Holds while the number's change per unit of time is beyond the bound: the newest number less the newest one that is at
 * least `overMs` older (within an eighth of `overMs`), by the time between them. It is not judged before there is one.
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

/** Holds when no event has come for so long, and ceases with the next. */
export type Absence<Data = Json> = Scope<Data> & { kind: 'absence'; forMs: number };

/** Holds from an event that passes `where` up to one that does not. */
export type Match<Data = Json> = Scope<Data> & { kind: 'match' };

/** Holds while so many events happened less than `withinMs` apart, the newest included. */
export type Count<Data = Json> = Scope<Data> & { kind: 'count'; atLeast: number; withinMs: number };

export type Condition<Data = Json> =
  | Threshold<Data>
  | Change<Data>
  | Rate<Data>
  | Absence<Data>
  | Match<Data>
  | Count<Data>;

export type ConditionKind = Condition['kind'];
