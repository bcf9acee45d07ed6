/**
 * The arguments by which models name a filter and a condition: flat objects and lists, because many clients know neither
 * variants nor names that a schema does not list. Here they become the `Where` and the `Condition` that all other code reads.
 * The nested forms that apps write are taken as well. Pure.
 */
import { KEPT_NAME, lostName } from '../base/schema/lost-name.ts';
import * as z from 'zod';
import type { JsonObject } from '../base/json.ts';
import { asMeant } from '../base/schema/as-meant.ts';
import { listedAs } from '../base/schema/json-schema.ts';
import { invalidInput, TidegateError } from '../base/errors.ts';
import { FIELD_TESTS, whereSchema } from '../declare/check/condition-schema.ts';
import type { Condition, ConditionKind, FieldTests, Where } from '../declare/condition.ts';
import { specProblems } from '../declare/spec/problems.ts';
import type { DeclaredStream } from '../declare/stream.ts';
import { checkWhere, meantWhere } from '../streams/ranges/where.ts';
import { withoutKeys } from '../streams/find-stream.ts';

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const SHOWN_TESTS = {
  equals: scalar.optional(),
  not: scalar.optional(),
  oneOf: z.array(scalar).optional(),
  contains: z.string().optional(),
  notContains: z.string().optional(),
  like: z.string().optional().describe('* is any text'),
  above: z.number().optional(),
  atLeast: z.number().optional(),
  below: z.number().optional(),
  atMost: z.number().optional(),
  exists: z.boolean().optional(),
};
const shownWhere = z.array(z.object({ field: z.string(), ...SHOWN_TESTS }));
/** Within a condition the rarer tests are taken too, and not shown a second time. */
const { equals, above, below } = SHOWN_TESTS;
const shownFewer = z.array(z.object({ field: z.string(), equals, above, below }));

/** `where` of a tool beside `read_history`, which shows the tests: as JSON text, and as the list or the object as well. */
export const whereAsText = () => whereArgument('JSON, as for a history', z.string()).optional();

type NamedTests = { field: string } & FieldTests;

/**
 * `where` of a tool: a list with the tests of each field, `[{ field: "temp", above: 80 }]`, or the object by field that apps
 * write. A lone item of the list counts as the list.
 * @param about for the model
 */
export function whereArgument(about: string, shown: z.ZodType = shownWhere) {
  const given = z.union([z.array(z.looseObject({ field: z.string() })), z.record(z.string(), z.unknown())], {
    error: 'Expected a list such as [{ "field": "temp", "above": 80 }]',
  });
  const taken = given.transform((value, context): Where => {
    const where = asMeant(whereSchema, byField(value, context)) as Where;
    for (const { path, expected } of specProblems(whereSchema, where, 'where')) {
      const below = asListed(value, path.split('.').slice(1));
      const isOperator = OPERATORS.has(String(below.at(-1)));
      const message = isOperator ? BY_NAME : `Expected ${expected}`;
      context.addIssue({ code: 'custom', path: below, message });
    }
    return where;
  });
  return listedAs(taken, shown.describe(about));
}

/** How other query languages write a test. */
const OPERATORS = new Set(['op', 'operator', 'comparator', 'value']);
const BY_NAME = 'Expected the test by its name, such as { "field": "temp", "above": 80 }';

/** A path below the object by field as a path below the list that was written. */
function asListed(value: object, below: readonly string[]): (string | number)[] {
  if (!Array.isArray(value)) return [...below];
  const list = value as NamedTests[];
  const index = list.findIndex(({ field }) => `${below.join('.')}.`.startsWith(`${field}.`));
  return index === -1 ? [...below] : [index, ...below.slice(list[index]?.field.split('.').length)];
}

function byField(value: object, context: z.RefinementCtx): object {
  const list = Array.isArray(value) ? (value as NamedTests[]) : isNamed(value) ? [value] : null;
  if (list === null) return value;
  const fields = new Map<string, FieldTests>();
  for (const { field, ...given } of list) {
    // Who has to name every argument writes null for those that are not meant.
    const tests = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null));
    const before = fields.get(field) ?? {};
    const twice = Object.keys(tests).find((name) => Object.hasOwn(before, name));
    if (twice !== undefined) {
      context.addIssue({ code: 'custom', path: [field], message: `Expected ${twice} once for a field, or oneOf` });
    }
    fields.set(field, { ...before, ...tests });
  }
  const given = Object.fromEntries(fields);
  const path = lostName(given, {});
  if (path !== null) context.addIssue({ code: 'custom', path, message: KEPT_NAME });
  return given;
}

function isNamed(given: object): given is NamedTests {
  const { field, ...tests } = given as { field?: unknown };
  const names = Object.keys(tests);
  return typeof field === 'string' && names.length > 0 && names.every((name) => FIELD_TESTS.includes(name));
}

/**
 * A filter as the list that the schema shows, for a call that is told. A comparison with null, which the list does not
 * know, leaves the object by field, which is taken as well.
 */
export function listedWhere(where: Where): JsonObject | JsonObject[] {
  const tests = Object.entries(where as JsonObject).map(([field, test]): JsonObject => ({
    field,
    ...(typeof test === 'object' && test !== null ? (test as JsonObject) : { equals: test }),
  }));
  const hasNull = tests.some((each) => Object.values(each).includes(null));
  return hasNull ? (where as JsonObject) : tests;
}

/** A condition as the flat argument that the schema shows, for a call that is told. */
export function listedCondition({ key, where, ...rest }: Condition): JsonObject {
  const keys =
    key === undefined
      ? {}
      : typeof key === 'string'
        ? { key }
        : 'oneOf' in key
          ? { keys: key.oneOf }
          : { keyLike: key.like };
  return JSON.parse(JSON.stringify({ ...rest, ...keys, ...(where && { where: listedWhere(where) }) })) as JsonObject;
}

/** Which arguments belong to each kind, beside key, where and perKey, which belong to all. */
const OF_KIND: Record<ConditionKind, readonly string[]> = {
  threshold: ['field', 'above', 'atLeast', 'below', 'atMost', 'hysteresis'],
  change: ['field', 'by', 'byPercent'],
  rate: ['field', 'per', 'overMs', 'above', 'atLeast', 'below', 'atMost', 'hysteresis'],
  absence: ['forMs'],
  match: [],
  count: ['atLeast', 'withinMs'],
};
const OF_ALL = ['kind', 'key', 'keys', 'keyLike', 'where', 'perKey'];
/** A time below that is one of seconds: streams are looked at about once a second. */
const LEAST_MS = 1_000;
const TIMES = ['forMs', 'overMs', 'withinMs'] as const;
const KINDS = Object.keys(OF_KIND) as [ConditionKind, ...ConditionKind[]];

const number = z.number().optional();
const nestedKey = z.union([
  z.string(),
  z.strictObject({ oneOf: z.array(z.string()) }),
  z.strictObject({ like: z.string() }),
]);

/** The argument `condition`, flat: which arguments a kind has, its description tells, and `conditionOfArgument` checks. */
export const ConditionArgument = z.strictObject(
  {
    kind: z.enum(KINDS),
    field: z.string().optional().describe('Path of the value'),
    above: number,
    atLeast: number.describe('count: how many events'),
    below: number,
    atMost: number,
    hysteresis: number.describe('How far back before it may hold again'),
    by: number,
    byPercent: number,
    per: z.enum(['second', 'minute', 'hour', 'day']).optional(),
    overMs: number,
    forMs: number,
    withinMs: number,
    key: listedAs(nestedKey, z.string()).optional(),
    keys: z.array(z.string()).optional(),
    keyLike: z.string().optional().describe('pump-*'),
    where: whereArgument('Only events that pass all', shownFewer).optional(),
    perKey: z
      .boolean()
      .optional()
      .describe('Each key by itself, or all together. Default: true, but false for absence and count'),
  },
  {
    error: ({ code }) =>
      code === 'invalid_type'
        ? 'Expected an object such as { "kind": "threshold", "field": "temp", "above": 80 }'
        : undefined,
  },
);
export type ConditionArgument = z.output<typeof ConditionArgument>;

/** What each kind is, for the description. */
export const KINDS_TEXT = [
  'threshold: field is above, atLeast, below or atMost a bound',
  'change: field differs by `by`, byPercent or at all from when it last changed',
  'rate: the change of field per second, minute, hour or day, over overMs, is beyond a bound (a fall is negative)',
  'absence: no event for forMs',
  'match: an event passes where, after one that did not',
  'count: atLeast so many events withinMs',
].join('; ');

/**
 * @throws TidegateError `invalid_input` naming an argument that does not belong to the kind, or keys of a stream that has
 * none
 */
export function conditionOfArgument(given: ConditionArgument, stream: DeclaredStream): Condition {
  const wanted = [...OF_KIND[given.kind], ...OF_ALL];
  const alien = Object.entries(given).find(([name, value]) => value !== undefined && !wanted.includes(name));
  if (alien) throw notOfKind(alien[0], given.kind);
  const { key, keys, keyLike, ...rest } = given;
  const named = Object.entries({ key, keys, keyLike }).filter(([, value]) => value !== undefined);
  const [first, second] = named.map(([name]) => name);
  if (first !== undefined && !stream.keyed) throw withoutKeys(stream, `condition.${first}`);
  if (second !== undefined) throw invalidInput(`condition.${second}`, `to be left out, because ${first} is given`);
  const one = keys === undefined ? (keyLike === undefined ? key : { like: keyLike }) : { oneOf: keys };
  const short = TIMES.find((name) => (given[name] ?? LEAST_MS) < LEAST_MS);
  if (short !== undefined) throw invalidInput(`condition.${short}`, `milliseconds, at least ${LEAST_MS}: 5 s are 5000`);
  const where = given.where && meantWhere(stream, given.where);
  if (where !== undefined) checkWhere(stream, where, 'condition.');
  const condition = Object.entries({ ...rest, where, key: one }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(condition) as unknown as Condition;
}

/** What a condition of an app has, and one that is asked for has not. */
const NO_HOLD =
  'no condition waits for how long it holds: once it holds, read the history of that time, its min or max, or timeIn of a state';

function notOfKind(name: string, kind: ConditionKind): TidegateError {
  const owners = KINDS.filter((each) => OF_KIND[each].includes(name));
  const own = [...OF_KIND[kind], 'key', 'keys', 'keyLike', 'where', 'perKey'].join(', ');
  const path = `condition.${name}`;
  const expected = `to be left out: it belongs to ${owners.join(' and ')}; ${kind} takes ${own}`;
  if (name !== 'forMs') return invalidInput(path, expected);
  return new TidegateError('invalid_input', `${path}: expected ${expected}`, { field: path, expected, hint: NO_HOLD });
}
