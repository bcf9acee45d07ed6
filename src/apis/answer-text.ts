/** Structured answers as text: arrays of objects as tables, the rest as lines of `name: value`. Pure and bounded. */
import type { Json } from '../base/json.ts';
import { shortened } from '../base/text.ts';
import { lines } from '../calls/short-lines.ts';

const MOST_CHARACTERS = 20_000;
const MOST_COLUMNS = 20;
const CELL_CHARACTERS = 60;
const LINE_CHARACTERS = 1_000;

export function structuredText(value: Json): string {
  const parts = isObject(value) ? Object.entries(value).flatMap(([name, inner]) => partOf(name, inner)) : [cell(value)];
  return shortened(parts.join('\n'), MOST_CHARACTERS);
}

function partOf(name: string, value: Json): string[] {
  if (name === 'next' && value === null) return [];
  if (!isTable(value)) return [`${name}: ${shortened(cell(value), LINE_CHARACTERS)}`];
  if (value.length === 0) return [`${name}: none`];
  return [...(name === 'items' ? [] : [`${name}:`]), ...tableOf(value)];
}

/** Rows of an array of objects, under the names of all their fields in the order in which they first appear. */
export function tableOf(rows: readonly Record<string, Json>[]): string[] {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const shown = names.slice(0, MOST_COLUMNS);
  const left = names.length - shown.length;
  return [
    `${shown.join(' | ')}${left > 0 ? ` (and ${left} more fields)` : ''}`,
    ...lines(rows, (row) => shown.map((name) => shortened(cell(row[name] ?? null), CELL_CHARACTERS)).join(' | ')),
  ];
}

function cell(value: Json): string {
  if (value === null) return '';
  // A line break would end the row, and a bar the cell.
  return typeof value === 'string' ? value.replace(/\s+/g, ' ').replaceAll('|', '/') : JSON.stringify(value);
}

function isTable(value: Json): value is Record<string, Json>[] {
  return Array.isArray(value) && value.every(isObject);
}

function isObject(value: Json): value is Record<string, Json> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
