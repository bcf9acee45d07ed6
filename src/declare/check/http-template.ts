/**
 * Templates of HTTP tools: texts with `{name}` (arrays are joined by commas) and `{name*}` (arrays are repeated, in a
 * query). Whatever the arguments are, the result stays in the place that the template gave it: one path with the same
 * number of segments. This file is pure.
 */
import { TidegateError } from '../../base/errors.ts';

interface Variable {
  name: string;
  repeat: boolean;
}

type Template = readonly (string | Variable)[];

const EXPRESSION = /(\{[A-Za-z_]\w*\*?\})/;

/** Reads a template. Returns null where a brace belongs to no `{name}`. */
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

/**
 * Reads a template that has to be right.
 * @throws TidegateError `internal`: all templates are checked when the app starts, except those that a function makes.
 */
export function templateOf(text: string, field: string): Template {
  const template = readTemplate(text);
  if (template === null) throw new TidegateError('internal', `${field} is no template: ${text}`, { field });
  return template;
}

/**
 * Expands a path template, percent-encoded.
 * @throws TidegateError `invalid_input` for an argument that is missing or empty, or that would leave its place
 * (`../../core`).
 */
export function expandPath(template: Template, input: Readonly<Record<string, unknown>>): string {
  const path = template
    .map((part) => (typeof part === 'string' ? part : segmentOf(part.name, input[part.name])))
    .join('');
  const [variable] = variablesOf(template);
  // Two adjacent arguments may make a segment of dots that neither makes alone.
  if (variable && path.split('/').some(isDots)) throw unfit(variable.name);
  return path;
}

/**
 * Returns the texts of a value, one for each time that it is sent. None: the value is left out. They are not encoded.
 */
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

/** Returns an argument as texts. A missing value and an empty array have none. */
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
