/**
 * Fills `{since}`, `{until}`, `{now}`, `{cursor}` and `{wait}` into a URL, a header or a body, each encoded as its place
 * requires. Other braces stay as they are, because queries have braces of their own. Pure.
 */
import { type TimeFormat, writeSourceTime } from '../../base/time/source-time.ts';

export interface Placeholders {
  /** Start and end of the range of time; null where the feed declares none. */
  since: bigint | null;
  until: bigint | null;
  now: bigint;
  /** The source's cursor; of pages, that of the page to ask for. Null before the first. */
  cursor: string | number | null;
  /** How long the source may keep the request open, in the declared unit; null where it may not. */
  wait: number | null;
}

const PLACEHOLDER = /\{(since|until|now|cursor|wait)\}/g;
const ALONE = /^\{(since|until|now|cursor|wait)\}$/;

export type PlaceholderName = keyof Placeholders;

/** The placeholders in a text. */
function placeholdersIn(text: string): PlaceholderName[] {
  return [...text.matchAll(PLACEHOLDER)].map(([, name]) => name as PlaceholderName);
}

/** The placeholders in all texts of a value. */
export function placeholdersWithin(value: unknown): PlaceholderName[] {
  if (typeof value === 'string') return placeholdersIn(value);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, part]) => [...placeholdersIn(name), ...placeholdersWithin(part)]);
}

/** Values are percent-encoded, so each stays within its segment or parameter, unless it is dots. A placeholder without a value stays as it is. */
export function fillUrl(url: string, values: Partial<Placeholders>, format: TimeFormat): string {
  return fill(url, values, (value) => encodeURIComponent(textOf(value, format).toWellFormed()));
}

export function fillHeader(header: string, values: Placeholders, format: TimeFormat): string {
  return fill(header, values, (value) => textOf(value, format));
}

export function fillBody(body: HttpBody, values: Placeholders, format: TimeFormat): { type: string; text: string } {
  if ('json' in body) return { type: 'application/json', text: JSON.stringify(fillJson(body.json, values, format)) };
  const fields = Object.entries(body.form).map(([name, value]): [string, string] => [
    name,
    fillHeader(value, values, format),
  ]);
  return { type: 'application/x-www-form-urlencoded', text: new URLSearchParams(fields).toString() };
}

/** A text that is one placeholder and nothing else becomes a value of its type: null or a number. A time that a number does not hold exactly stays a text. */
function fillJson(value: unknown, values: Placeholders, format: TimeFormat): unknown {
  if (typeof value === 'string') {
    const [, name] = ALONE.exec(value) ?? [];
    return name === undefined ? fillHeader(value, values, format) : typedValue(name as PlaceholderName, values, format);
  }
  if (Array.isArray(value)) return value.map((part) => fillJson(part, values, format));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, fillJson(part, values, format)]));
}

function typedValue(name: PlaceholderName, values: Placeholders, format: TimeFormat): unknown {
  const value = values[name];
  if (typeof value !== 'bigint') return value;
  const text = writeSourceTime(value, format);
  // A number near the time could lie behind it, and the items in between would be missed.
  return (format === 's' || format === 'ms') && String(Number(text)) === text ? Number(text) : text;
}

type Value = Placeholders[PlaceholderName];

function textOf(value: Value, format: TimeFormat): string {
  if (value === null) return '';
  return typeof value === 'bigint' ? writeSourceTime(value, format) : String(value);
}

function fill(text: string, values: Partial<Placeholders>, written: (value: Value) => string): string {
  return text.replace(PLACEHOLDER, (brace, name: PlaceholderName) => {
    const value = values[name];
    return value === undefined ? brace : written(value);
  });
}

export type HttpBody =
  | { json: unknown }
  /** Sent as an HTML form. */
  | { form: Record<string, string> };
