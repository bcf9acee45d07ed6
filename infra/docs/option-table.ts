/**
 * The option table of a specification, in Markdown: names, defaults and bounds are those by which `defineApp` judges a
 * declaration, and the texts are the docstrings that editors show.
 */
import * as z from 'zod';
import { factsOf } from '../../src/declare/spec/options.ts';
import { isInterface, type Member, membersOf } from './docstrings.ts';

export interface OptionRow {
  /** With dots before it where it is an option of an option. */
  option: string;
  text: string;
  /** `required`; the default of the specification, or of the docstring; or `–`. */
  fallback: string;
  bounds: string;
  /** Whether the specification has the default, which is then the one that holds. */
  specified: boolean;
  /** What the docstring says of the default behind `@default`; null where there is no such tag. */
  defaultTag: string | null;
}

/** @param left options to leave out: those that people do not write themselves, or that another table has */
export function optionRows(spec: z.ZodObject, type: string, left: readonly string[] = [], prefix = ''): OptionRow[] {
  const members = membersOf(type);
  return Object.entries<z.core.$ZodType>(spec.shape)
    .filter(([name]) => !left.includes(`${prefix}${name}`))
    .flatMap(([name, schema]) => {
      const member = members.get(name);
      const row = rowOf(`${prefix}${name}`, schema, member);
      const inner = bare(schema);
      const innerType = /^(?:Partial<)?(\w+)>?$/.exec(member?.type ?? '')?.[1];
      if (!(inner instanceof z.ZodObject) || innerType === undefined || !isInterface(innerType)) return [row];
      return [row, ...optionRows(inner, innerType, left, `${prefix}${name}.`)];
    });
}

export function optionTable(rows: readonly OptionRow[]): string {
  const lines = rows.map(({ option, text, fallback, bounds }) =>
    [`\`${option}\``, text, fallback, bounds].map((cell) => cell.replaceAll('|', '\\|')).join(' | '),
  );
  return [
    '| option | for | default | bounds |',
    '| --- | --- | --- | --- |',
    ...lines.map((line) => `| ${line} |`),
  ].join('\n');
}

function rowOf(option: string, schema: z.core.$ZodType, member: Member | undefined): OptionRow {
  const tag = member?.defaultTag ?? null;
  const { bounds, unit } = factsOf(schema);
  const choices = choicesOf(schema);
  return {
    option,
    text: member?.text ?? '',
    fallback: shownDefault(schema, unit) ?? (member?.isOptional === false ? 'required' : (tag ?? '–')),
    bounds: choices ?? [bounds, unit].filter(Boolean).join(' '),
    specified: member?.isOptional !== false && shownDefault(schema, unit) !== null,
    defaultTag: tag,
  };
}

/** Null where the specification has none. */
function shownDefault(schema: z.core.$ZodType, unit: string | undefined): string | null {
  if (!(schema instanceof z.ZodDefault)) return null;
  const value: unknown = schema.def.defaultValue;
  if (typeof value === 'string') return `\`${value}\``;
  if (typeof value !== 'number') return `\`${JSON.stringify(value)}\``;
  return [value.toLocaleString('en-US'), unit].filter(Boolean).join(' ');
}

function choicesOf(schema: z.core.$ZodType): string | null {
  const inner = bare(schema);
  const values = inner instanceof z.ZodEnum ? inner.options : inner instanceof z.ZodLiteral ? [...inner.values] : [];
  return values.length === 0 ? null : values.map((value) => `\`${String(value)}\``).join(', ');
}

function bare(schema: z.core.$ZodType): z.core.$ZodType {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodReadonly
    ? bare(schema.def.innerType)
    : schema;
}
