/**
 * Fills `{since}`, `{until}`, `{now}`, `{cursor}` and `{wait}` into a URL, a header or a body, each in the way in which
 * its place takes no harm. Other braces stay as they are: queries have braces of their own. Pure.
 */
import { type TimeFormat, writeTime } from '../../base/source-time.ts';

export interface Placeholders {
  /** Null where the feed declares none. */
  since: bigint | null;
  until: bigint | null;
  now: bigint;
  /** The source's cursor, or of pages the one of the page that is asked for. Null before the first. */
  cursor: string | number | null;
  /** As long as the source may wait, in the declared unit. */
  wait: number | null;
}

const PLACEHOLDER = /\{(since|until|now|cursor|wait)\}/g;
const ALONE = /^\{(since|until|now|cursor|wait)\}$/;

export type PlaceholderName = keyof Placeholders;

/** The placeholders that stand in a text. */
export function placeholdersIn(text: string): PlaceholderName[] {
  return [...text.matchAll(PLACEHOLDER)].map(([, name]) => name as PlaceholderName);
}

/** Those of all the texts in a value. */
export function placeholdersWithin(value: unknown): PlaceholderName[] {
  if (typeof value === 'string') return placeholdersIn(value);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, part]) => [...placeholdersIn(name), ...placeholdersWithin(part)]);
}

/** What is filled in is percent-encoded, so it stays within its segment or parameter, unless it is dots. What is not given stays a brace. */
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

/** A text that is a placeholder and nothing else takes its type: null, or a number, but for times that a number does not hold exactly. */
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
  const text = writeTime(value, format);
  // A number that is only near the time could be behind it, and what lies between would be missed.
  return (format === 's' || format === 'ms') && String(Number(text)) === text ? Number(text) : text;
}

type Value = Placeholders[PlaceholderName];

function textOf(value: Value, format: TimeFormat): string {
  if (value === null) return '';
  return typeof value === 'bigint' ? writeTime(value, format) : String(value);
}

function fill(text: string, values: Partial<Placeholders>, written: (value: Value) => string): string {
  return text.replace(PLACEHOLDER, (brace, name: PlaceholderName) => {
    const value = values[name];
    return value === undefined ? brace : written(value);
  });
}

export type HttpBody =
  | { json: unknown }
  /** As a form of HTML sends it. */
  | { form: Record<string, string> };
