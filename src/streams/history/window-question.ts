/**
 * What a read of windows asks for beside its range: which windows, which values and which rows. The defaults are
 * filled in, so that a question is the same with them and without. Pure.
 */
import * as z from 'zod';
import { TidegateError } from '../../base/errors.ts';
import { PATH_CHARACTERS } from '../../base/field-path.ts';
import { AGGREGATE_CHARACTERS, aggregateOf, MOST_AGGREGATES } from './aggregate.ts';
import { badCursor, type Parts } from '../ranges/range.ts';
import { WINDOW_EXPECTED, windowLength, windowText } from './window-length.ts';
import { BY_KEY } from './window-groups.ts';
import { ZONE_CHARACTERS } from '../../base/time/zone.ts';

/** Most further streams or fields after the first. */
export const MOST_ALSO = 3;
export const MOST_BY = 3;
const MOST = { aggregates: MOST_AGGREGATES, by: MOST_BY, also: MOST_ALSO };
const NAME_CHARACTERS = 64;

export interface Series {
  stream: string;
  /** Null: the stream's events are counted. */
  field: string | null;
}

/** The question as a caller gives it. */
export interface WindowsAsked {
  /**
   * Length of a window: `30s`, `5m`, `1h`, `1d`; `1w` from Monday, `1mo` of the calendar; or `all` for one window, for
   * which `from` is needed.
   */
  window?: string;
  /** Where windows begin: at whole multiples (default; in `zone`, else since the epoch in UTC), or at `from`. */
  align?: 'epoch' | 'from';
  /** IANA name of the time zone whose hours and days windows follow; default UTC. */
  zone?: string;
  /** Path of a numeric field (`motor.temp`), or of any value for `distinct` and `timeIn`. Default: events are counted. */
  field?: string;
  /** Names of aggregates; default min, max and mean where there is a field. Count is always given. */
  aggregates?: readonly string[];
  /** `key`, `hourOfDay`, `dayOfWeek` or paths of fields. Each of their values has a row of its own. Default: `key` where the stream has keys. */
  by?: readonly string[];
  /** Further fields of this or other streams, in the same windows. Default of `stream`: this one. */
  also?: readonly { stream?: string; field?: string }[];
  /** Default false: windows without an event have no row. */
  empty?: boolean;
}

const path = z.string().min(1).max(PATH_CHARACTERS);
const Question = z.strictObject({
  window: z.string().max(20),
  align: z.enum(['epoch', 'from']),
  zone: z.string().max(ZONE_CHARACTERS).nullable(),
  field: path.nullable(),
  aggregates: z.array(z.string().max(AGGREGATE_CHARACTERS)).max(MOST_AGGREGATES),
  by: z.array(path).max(MOST_BY),
  also: z.array(z.strictObject({ stream: z.string().max(NAME_CHARACTERS), field: path.nullable() })).max(MOST_ALSO),
  empty: z.boolean(),
});
export type Question = z.output<typeof Question>;

/** @throws TidegateError `invalid_input` with the argument. */
export function questionOf(stream: string, keyed: boolean, asked: WindowsAsked): Question {
  const given = normal(stream, asked);
  if (given.window === undefined) throw noWindow();
  for (const [name, most] of Object.entries(MOST)) {
    if ((given[name as keyof typeof MOST]?.length ?? 0) > most) throw tooMany(name, most);
  }
  const field = given.field ?? null;
  const also = given.also ?? [];
  const hasField = [field, ...also.map((series) => series.field)].some((each) => each !== null);
  return {
    window: given.window,
    align: given.align ?? 'epoch',
    zone: given.zone ?? null,
    field,
    aggregates: given.aggregates ?? (hasField ? ['min', 'max', 'mean'] : []),
    by: given.by ?? (keyed ? [BY_KEY] : []),
    also,
    empty: given.empty ?? false,
  };
}

/** The parts of a question, by the names of their arguments. */
export function questionParts({ window, align, zone, empty, ...values }: Question): Parts {
  return {
    'window`, `align`, `zone` or `empty': [window, align, zone, empty],
    'field`, `also`, `aggregates` or `by': { ...values },
  };
}

/** @throws TidegateError `bad_cursor` where the cursor holds no question, or another than is asked. */
export function carriedQuestion(carried: unknown, stream: string, asked: WindowsAsked): Question {
  const parsed = Question.safeParse(carried);
  if (!parsed.success) throw badCursor('it is not of this form');
  const stands: Record<string, unknown> = parsed.data;
  for (const [name, value] of Object.entries(normal(stream, asked))) {
    if (value !== undefined && JSON.stringify(value) !== JSON.stringify(stands[name])) {
      throw badCursor(`it goes with another \`${name}\``);
    }
  }
  return parsed.data;
}

/** Brings the given options into one form, so that they can be compared. */
function normal(stream: string, { aggregates, also, by, window, ...asked }: WindowsAsked): Partial<Question> {
  return {
    ...asked,
    ...(window === undefined ? {} : { window: windowText(windowLength(window)) }),
    ...(by === undefined ? {} : { by: unique(by) }),
    ...(aggregates === undefined ? {} : { aggregates: unique(aggregates.map((name) => aggregateOf(name).name)) }),
    ...(also === undefined
      ? {}
      : { also: also.map((series) => ({ stream: series.stream ?? stream, field: series.field ?? null })) }),
  };
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)];
}

function tooMany(field: string, most: number): TidegateError {
  return new TidegateError('invalid_input', `too many of ${field}`, {
    field,
    expected: `${most} at most: leave some out, or ask for others in a further call`,
  });
}

function noWindow(): TidegateError {
  return new TidegateError('invalid_input', 'no length of a window', { field: 'window', expected: WINDOW_EXPECTED });
}
