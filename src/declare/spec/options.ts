/**
 * What a specification is made of. A specification is a strict zod object: one for each feed kind, and one for streams,
 * tools, tasks, resources, prompts, HTTP tools and the app. From it come the startup check (`problems.ts`), the defaults
 * (`withDefaults`) and, together with the docstrings of the type, the option tables of the READMEs (`infra/docs`).
 *
 * The type of the options is an interface that stands beside the specification, and `test/declare/specs.test.ts` proves
 * that the two are equal, so that no option can stand in one alone. The type is not derived by `z.input`, because that
 * loses what editors show: docstrings, and the generics by which a callback knows its argument. For the same reason the
 * texts of the option tables are docstrings and not `.describe`: texts in a specification would be loaded at each start.
 *
 * Each message says what was expected, in words that follow `expected `.
 */
import * as z from 'zod';
import { zodExpected } from '../../base/schema/foreign-schema.ts';

/** What the startup check and the option tables know of an option beside its schema. */
interface OptionFacts {
  /** Least and greatest value, for people. */
  bounds?: string;
  unit?: string;
  /** The value may be a secret, so no message shows what was found. */
  isHidden?: true;
}

const facts = new WeakMap<z.core.$ZodType, OptionFacts>();

/** What is known of an option; it survives `.optional()` and `.default(…)`. */
export function factsOf(schema: z.core.$ZodType): OptionFacts {
  const own = facts.get(schema);
  if (own) return own;
  return schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodReadonly
    ? factsOf(schema.def.innerType)
    : {};
}

function known<Schema extends z.ZodType>(schema: Schema, more: OptionFacts): Schema {
  facts.set(schema, { ...factsOf(schema), ...more });
  return schema;
}

/** An option whose value no message shows, since it may be a secret. */
export const hidden = <Schema extends z.ZodType>(schema: Schema): Schema => known(schema, { isHidden: true });

/** An option that has bounds which its schema does not say by itself. */
export const bounded = <Schema extends z.ZodType>(schema: Schema, bounds: string, unit?: string): Schema =>
  known(schema, { bounds, ...(unit === undefined ? {} : { unit }) });

/** An option of any type, judged by a function. */
export const judged = <Type>(expected: string, isRight: (value: unknown) => boolean) =>
  z.custom<Type>(isRight, { error: expected });

export const text = (expected: string) => z.string({ error: expected }).min(1, { error: expected });
export const label = text('a text').optional();
export const forModel = text('a text for the model');
export const pattern = (expression: RegExp, expected: string) =>
  z.string({ error: expected }).regex(expression, { error: expected });
/** An option that is a function of the app's own. */
export const made = <Type = (...given: never) => unknown>(expected: string) =>
  judged<Type>(expected, (value) => typeof value === 'function');
/** What is wrong with another value is told in words: the value itself would be pages of the library's own. */
export const zodSchema = hidden(
  z.custom<z.ZodType>((value) => value instanceof z.ZodType, { error: ({ input }) => zodExpected(input) }),
);

/** Things by name, each of which is judged elsewhere. */
export const plain = <Type = unknown>(expected: string) =>
  z.record(z.string(), z.custom<Type>(), { error: expected }).optional();
export const yesOrNo = z.boolean({ error: 'true or false' }).optional();
export const choice = <const Values extends readonly [string, ...string[]]>(...values: Values) =>
  z.enum(values, {
    error: values.length === 1 ? values[0] : `${values.slice(0, -1).join(', ')} or ${values.at(-1) ?? ''}`,
  });

interface NumberTexts {
  /** Default: made from the bounds. */
  expected?: string;
  /** Such as `ms`; the option tables show it. */
  unit?: string;
}

/** In groups of three digits, without the locale data that `toLocaleString` would load at each start. */
const shown = (limit: number) => String(limit).replaceAll(/\B(?=(?:\d{3})+$)/g, ',');

/** A whole number within bounds, both of them included. */
export function whole(least: number, most = Number.MAX_SAFE_INTEGER, { expected, unit }: NumberTexts = {}) {
  const isOpen = most === Number.MAX_SAFE_INTEGER;
  const range = isOpen ? (least === 1 ? 'a positive whole number' : `a whole number, ${least} or more`) : null;
  const schema = judged<number>(
    expected ?? range ?? `a whole number from ${least} to ${most}`,
    (value) => Number.isInteger(value) && (value as number) >= least && (value as number) <= most,
  );
  const bounds = isOpen ? `from ${shown(least)}` : `${shown(least)} to ${shown(most)}`;
  return known(schema, { bounds, ...(unit === undefined ? {} : { unit }) });
}

/** A whole number from 1 on, where one is declared. */
export const count = (unit = '') =>
  whole(1, Number.MAX_SAFE_INTEGER, {
    expected: `a positive whole number${unit === '' ? '' : ` of ${unit}`}`,
    ...(unit === '' ? {} : { unit }),
  }).optional();

/**
 * The options with the defaults that their specification has, one level deep. An option that has no default and is not
 * given stays undefined. Nothing is checked: that was done when the app was defined.
 */
export function withDefaults<Spec extends z.ZodObject>(spec: Spec, options: z.input<Spec>): z.output<Spec> {
  const given = options as Readonly<Record<string, unknown>>;
  const filled = Object.entries<z.core.$ZodType>(spec.shape).map(([name, schema]) => [
    name,
    given[name] ?? (schema instanceof z.ZodDefault ? schema.def.defaultValue : undefined),
  ]);
  return Object.fromEntries(filled) as z.output<Spec>;
}

/** The default of one option. */
export function defaultOf<Type>(schema: z.ZodDefault<z.ZodType<Type>>): Type {
  return schema.def.defaultValue;
}
