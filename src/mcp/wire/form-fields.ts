/** What the fields of a form take, by the schema that was made of it (`declare/check/flat-schema.ts`). Pure. */
import type { Json, JsonObject } from '../../base/json.ts';

type FieldKind = 'text' | 'number' | 'whole number' | 'true or false' | 'choice' | 'choices';

interface Option {
  value: string;
  title: string;
}

export function fieldKindOf(schema: JsonObject): FieldKind {
  if (schema.type === 'array') return 'choices';
  if (schema.type === 'boolean') return 'true or false';
  if (schema.type === 'integer') return 'whole number';
  if (schema.type === 'number') return 'number';
  return fieldOptionsOf(schema).length > 0 ? 'choice' : 'text';
}

/** The choices of a field, or of each item of a list. */
export function fieldOptionsOf(schema: JsonObject): Option[] {
  const of = schema.type === 'array' ? (schema.items as JsonObject) : schema;
  if (Array.isArray(of.enum)) return of.enum.map((value) => ({ value: textOrEmpty(value), title: textOrEmpty(value) }));
  return ((of.oneOf ?? of.anyOf ?? []) as JsonObject[]).map(({ const: value, title }) => ({
    value: textOrEmpty(value),
    title: textOrEmpty(title ?? value),
  }));
}

const FORMATS: Readonly<Record<string, string>> = {
  email: 'an email address',
  uri: 'a URL',
  date: 'a date such as 2026-11-20',
  'date-time': 'a time such as 2026-11-20T12:00:00Z',
};

/** What the value of a field has to be, in words. */
export function expectedOf(schema: JsonObject, options: readonly Option[]): string {
  const choices = options.map(({ value, title }) => (value === title ? value : `${value} (${title})`)).join(', ');
  switch (fieldKindOf(schema)) {
    case 'choice':
      return `one of ${choices}`;
    case 'choices':
      return `a list of some of ${choices}${between(schema.minItems, schema.maxItems, ' items')}`;
    case 'true or false':
      return 'true or false';
    case 'number':
      return `a number${between(schema.minimum, schema.maximum)}`;
    case 'whole number':
      return `a whole number${between(schema.minimum, schema.maximum)}`;
    default:
      return `${FORMATS[textOrEmpty(schema.format)] ?? 'a text'}${between(schema.minLength, schema.maxLength, ' characters')}`;
  }
}

/** Bounds of 53 bits are those of every whole number, and say nothing. */
function between(least: Json | undefined, most: Json | undefined, unit = ''): string {
  const bounds = Object.entries({ 'at least': least, 'at most': most }).flatMap(([side, bound]) =>
    typeof bound === 'number' && Math.abs(bound) < Number.MAX_SAFE_INTEGER ? [`${side} ${bound}`] : [],
  );
  return bounds.length === 0 ? '' : `, ${bounds.join(' and ')}${unit}`;
}

export function textOrEmpty(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}
