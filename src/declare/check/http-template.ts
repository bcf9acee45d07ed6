/**
 * Templates of HTTP tools: texts with `{name}` (arrays joined by commas) and `{name*}` (arrays repeated, in a query).
 * Pure. Whatever the arguments are, what comes out stays where the template put it: one path, the same number of segments.
 */
import { TidegateError } from '../../base/errors.ts';

export interface Variable {
  name: string;
  repeat: boolean;
}

export type Template = readonly (string | Variable)[];

const EXPRESSION = /(\{[A-Za-z_]\w*\*?\})/;

/** Null for what is no template: a brace that belongs to no `{name}`. */
export function readTemplate(text: string): Template | null {
  const parts = text.split(EXPRESSION).map((part, index): string | Variable => {
    if (index % 2 === 0) return part;
    const repeat = part.endsWith('*}');
    return { name: part.slice(1, repeat ? -2 : -1), repeat };
  });
  return parts.some((part) => typeof part === 'string' && /[{}]/.test(part)) ? null : parts;
}

export function variablesOf(template: Template): Variable[] {
  return template.filter((part) => typeof part !== 'string');
}

/** @throws TidegateError `internal`: templates are checked when the app starts, all but those that a function makes. */
export function templateOf(text: string, field: string): Template {
  const template = readTemplate(text);
  if (template === null) throw new TidegateError('internal', `${field} is no template: ${text}`, { field });
  return template;
}

/**
 * A path, percent-encoded.
 * @throws TidegateError `invalid_input` for an argument that is missing or empty, or that would leave its place (`../../core`).
 */
export function expandPath(template: Template, input: Readonly<Record<string, unknown>>): string {
  const path = template
    .map((part) => (typeof part === 'string' ? part : segmentOf(part.name, input[part.name])))
    .join('');
  const [variable] = variablesOf(template);
  // Two arguments side by side may make of dots what neither is alone.
  if (variable && path.split('/').some(isDots)) throw unfit(variable.name);
  return path;
}

/** The texts of a value, one for each time that it is sent; none: it is left out. Not encoded. */
export function expandText(
  template: Template,
  input: Readonly<Record<string, unknown>>,
  arrays: 'join' | 'repeat',
): string[] {
  const [only, ...more] = template.filter((part) => part !== '');
  if (typeof only === 'object' && more.length === 0) {
    return textsOf(input[only.name], only.repeat ? 'repeat' : arrays);
  }
  const texts = template.map((part) => {
    if (typeof part === 'string') return part;
    const [text] = textsOf(input[part.name], 'join');
    return text ?? null;
  });
  return texts.includes(null) ? [] : [texts.join('')];
}

/** An argument as texts; none for what is missing, and for an empty array. */
export function textsOf(value: unknown, arrays: 'join' | 'repeat'): string[] {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) return [textOf(value)];
  const texts = value.map(textOf);
  return arrays === 'repeat' || texts.length === 0 ? texts : [texts.join(',')];
}

function textOf(value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  // Half of a surrogate pair cannot be encoded.
  return (typeof value === 'string' ? value : JSON.stringify(value)).toWellFormed();
}

function segmentOf(name: string, value: unknown): string {
  const texts = textsOf(value, 'repeat');
  if (texts.length === 0 || texts.some((text) => text === '')) {
    throw new TidegateError('invalid_input', `${name} stands in the path of a URL and has no value`, {
      field: name,
      expected: 'a text that is not empty',
    });
  }
  // Some servers decode a path before they read it.
  if (texts.some((text) => text.split(/[/\\]/).some(isDots))) throw unfit(name);
  return texts.map(encodeURIComponent).join(',');
}

function isDots(segment: string): boolean {
  return segment === '.' || segment === '..';
}

function unfit(name: string): TidegateError {
  return new TidegateError('invalid_input', `${name} would lead to another place than it stands for`, {
    field: name,
    expected: 'no . or .. between slashes',
  });
}
