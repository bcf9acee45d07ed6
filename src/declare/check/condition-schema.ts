/**
 * The shape of a condition, as strict schemas whose messages say what was expected. They serve a tool's arguments and
 * the declaration of an app. Whether the stream has the fields and keys of a condition is checked in condition.ts.
 */
import * as z from 'zod';
import { PATH_CHARACTERS } from '../../base/field-path.ts';
import { utf8Bytes } from '../../base/json.ts';
import type { Condition, ConditionKind, Where } from '../condition.ts';
import type { Problem } from '../problem.ts';
import { knownName } from '../../base/known-names.ts';
import { specProblems, shown } from '../spec/problems.ts';

/** Most bytes of a condition as JSON. The bound exists because each waiter's record holds the condition. */
export const CONDITION_BYTES = 16_384;
/** Most events that `count` counts up to. */
const MOST_COUNTED = 1_000;
const TEXT_CHARACTERS = 256;
const MOST_CHOICES = 50;
const MOST_TESTS = 16;
const LONGEST_MS = 366 * 86_400_000;

const BOUNDS = ['above', 'atLeast', 'below', 'atMost'] as const;

const expected = (error: string) => ({ error });
const text = z
  .string(expected('a text'))
  .max(TEXT_CHARACTERS, expected(`a text of at most ${TEXT_CHARACTERS} characters`));
const number = z.number(expected('a number'));
const notNegative = number.min(0, expected('a number, 0 or more'));
const scalars = [text, number, z.boolean(), z.null()] as const;
const scalar = z.union(scalars, expected('a text, a number, true, false or null'));
const yesOrNo = z.boolean(expected('true or false'));
const lengthMs = z
  .int(expected('a whole number of ms'))
  .min(1, expected('1 ms or more'))
  .max(LONGEST_MS, expected('366 days at most'));
const path = z.string(expected('a path such as motor.temp')).min(1, expected('a path such as motor.temp'));
const fieldPath = path.max(PATH_CHARACTERS, expected(`at most ${PATH_CHARACTERS} characters`));
const list = (of: z.ZodType, what: string) =>
  z
    .array(of, expected(`a list of ${what}`))
    .min(1, expected(`a list of 1 to ${MOST_CHOICES} ${what}`))
    .max(MOST_CHOICES, expected(`a list of 1 to ${MOST_CHOICES} ${what}`));

const like = text.describe('The whole text; * stands for any text');
/** What a field can be tested by. */
export const FIELD_TESTS = [
  'equals',
  'not',
  'oneOf',
  'contains',
  'notContains',
  'like',
  'above',
  'atLeast',
  'below',
  'atMost',
  'exists',
];
const fieldTests = z
  .strictObject(
    {
      equals: scalar.optional(),
      not: z
        .union(scalars, expected('a text, a number, true, false or null; notContains asks for a part of a text'))
        .optional(),
      oneOf: list(scalar, 'values').optional(),
      contains: z
        .union([text, number, z.boolean()], expected('a text, a number, true or false'))
        .optional()
        .describe('Part of a text, or an element of a list'),
      notContains: z
        .union([text, number, z.boolean()], expected('a text, a number, true or false'))
        .optional()
        .describe('The opposite of contains'),
      like: like.optional(),
      above: number.optional(),
      atLeast: number.optional(),
      below: number.optional(),
      atMost: number.optional(),
      exists: yesOrNo.optional().describe('There and not null'),
    },
    {
      error: (issue) =>
        issue.code === 'unrecognized_keys' ? knownName(String(issue.keys[0]), FIELD_TESTS) : undefined,
    },
  )
  .refine((tests) => Object.values(tests).some((test) => test !== undefined), expected('one test or more'));

const where = z
  .record(fieldPath, z.union([...scalars, fieldTests], expected('a value, or tests such as { oneOf: […] }')), {
    error: 'tests by the path of a field, such as { status: "down" }',
  })
  .refine((tests) => Object.keys(tests).length <= MOST_TESTS, expected(`at most ${MOST_TESTS} fields`))
  .meta({
    id: 'Where',
    description:
      'Tests of fields of the data, by path: a value that the field equals, or an object of tests. All have to pass, as in { "status": "down", "motor.temp": { "above": 80 } }',
  });

/** The schema of `where` alone, for filters of events. */
export const whereSchema = where as unknown as z.ZodType<Where, Where>;

const key = z
  .union([text.min(1), z.strictObject({ oneOf: list(text.min(1), 'keys') }), z.strictObject({ like })], {
    error: 'a key, { oneOf: [keys] } or { like: "pump-*" }',
  })
  .meta({ id: 'KeyTest', description: 'Only events of this key, or of these keys. Default: all' });

const perKey = (byDefault: boolean) =>
  yesOrNo.optional().describe(`Each key by itself (true), or all keys together (false). Default: ${String(byDefault)}`);

const scope = (byDefault: boolean) => ({
  key: key.optional(),
  where: where.optional(),
  perKey: perKey(byDefault),
});

const bound = {
  above: number.optional().describe('Exactly one of above, atLeast, below, atMost is given'),
  atLeast: number.optional(),
  below: number.optional(),
  atMost: number.optional(),
  hysteresis: notNegative.optional().describe('How far back it has to be, once it holds, to cease. Default 0'),
};
const hasOneBound = (given: { [Name in (typeof BOUNDS)[number]]?: number }) =>
  BOUNDS.filter((name) => given[name] !== undefined).length === 1;
const oneBound = expected(`exactly one of ${BOUNDS.join(', ')}`);
const numericField = fieldPath.optional().describe('Path of a number. Default: the data themselves');

/** The schema of each kind of condition. */
const KINDS = {
  threshold: z
    .strictObject({ kind: z.literal('threshold'), field: numericField, ...bound, ...scope(true) })
    .refine(hasOneBound, oneBound)
    .describe('A number is beyond a bound'),
  change: z
    .strictObject({
      kind: z.literal('change'),
      field: fieldPath.optional().describe('Default: the data as a whole'),
      by: number
        .positive(expected('a number above 0'))
        .optional()
        .describe('Least difference of a number. Default: any'),
      byPercent: number.positive(expected('a number above 0')).optional().describe('The same in percent; not with by'),
      ...scope(true),
    })
    .refine(
      ({ by, byPercent }) => by === undefined || byPercent === undefined,
      expected('by or byPercent, or neither of them'),
    )
    .describe('A value is another than when it last changed; small steps add up'),
  rate: z
    .strictObject({
      kind: z.literal('rate'),
      field: numericField,
      per: z.enum(['second', 'minute', 'hour', 'day'], expected('second, minute, hour or day')),
      overMs: lengthMs.describe('Over which time the change is measured'),
      ...bound,
      ...scope(true),
    })
    .refine(hasOneBound, oneBound)
    .describe('A number rises or falls (negative) by so much per unit of time'),
  absence: z
    .strictObject({ kind: z.literal('absence'), forMs: lengthMs, ...scope(false) })
    .describe('No event comes for so long'),
  match: z.strictObject({ kind: z.literal('match'), ...scope(true) }).describe('An event passes where'),
  count: z
    .strictObject({
      kind: z.literal('count'),
      atLeast: z
        .int(expected('a whole number'))
        .min(1, expected(`1 to ${MOST_COUNTED}`))
        .max(MOST_COUNTED, expected(`1 to ${MOST_COUNTED}`)),
      withinMs: lengthMs,
      ...scope(false),
    })
    .describe('So many events happen within a time'),
} satisfies Record<ConditionKind, z.ZodType>;

/** The schema of a window's aggregate, which triggers know and waits do not. */
export const aggregateSchema = z
  .strictObject({
    kind: z.literal('aggregate'),
    of: z.enum(['mean', 'min', 'max', 'sum', 'count'], expected('mean, min, max, sum or count')),
    field: numericField,
    overMs: lengthMs,
    ...bound,
    ...scope(true),
  })
  .refine(hasOneBound, oneBound);

/** The time of a sequence, and of what is missing. */
export const lengthSchema = lengthMs;

const KIND_NAMES = Object.keys(KINDS);
const FORM = 'a condition, such as { kind: "threshold", field: "celsius", above: 30 }';
const SMALL = `at most ${CONDITION_BYTES} bytes of JSON`;

/** The schema of a condition, for use in a tool's input. Its JSON Schema is a `oneOf` by `kind`. */
export const conditionSchema = z
  .discriminatedUnion('kind', [KINDS.threshold, KINDS.change, KINDS.rate, KINDS.absence, KINDS.match, KINDS.count], {
    error: ({ code }) => (code === 'invalid_union' ? `one of ${KIND_NAMES.join(', ')}` : FORM),
  })
  .refine(isSmall, expected(SMALL)) as unknown as z.ZodType<Condition, Condition>;

/** Finds every mistake in the shape of a value that should be a condition, each with its path. */
export function conditionProblems(value: unknown, path: string): Problem[] {
  const found = shown(value);
  if (typeof value !== 'object' || value === null) return [{ path, expected: FORM, ...(found ? { found } : {}) }];
  const { kind } = value as { kind?: unknown };
  if (typeof kind !== 'string' || !Object.hasOwn(KINDS, kind)) {
    const given = shown(kind);
    const expected = typeof kind === 'string' ? knownName(kind, KIND_NAMES) : `one of ${KIND_NAMES.join(', ')}`;
    return [{ path: `${path}.kind`, expected, ...(given === null ? {} : { found: given }) }];
  }
  const problems = specProblems(KINDS[kind as ConditionKind], value, path);
  return problems.length > 0 || isSmall(value) ? problems : [{ path, expected: SMALL }];
}

function isSmall(value: unknown): boolean {
  return utf8Bytes(JSON.stringify(value)) <= CONDITION_BYTES;
}
