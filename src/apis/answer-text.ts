/**
 * Structured answers as text: arrays of objects as tables, the rest as lines of `name: value`. The text says all that the
 * structured answer says, because some clients show a model the text alone. Pure.
 */
import type { Json } from '../base/json.ts';

export function structuredText(value: Json): string {
  const parts = isObject(value) ? Object.entries(value).flatMap(([name, inner]) => partOf(name, inner)) : [cell(value)];
  return parts.join('\n');
}

function partOf(name: string, value: Json): string[] {
  if (name === 'next' && value === null) return [];
  if (!isTable(value)) return [`${name}: ${cell(value)}`];
  if (value.length === 0) return [`${name}: none`];
  return [...(name === 'items' ? [] : [`${name}:`]), ...tableOf(value)];
}

/** Rows of an array of objects, under the names of all their fields in the order in which they first appear. */
export function tableOf(rows: readonly Record<string, Json>[]): string[] {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return [names.join(' | '), ...rows.map((row) => names.map((name) => cell(row[name] ?? null)).join(' | '))];
}

function cell(value: Json): string {
  if (value === null) return '';
  // A line break would end the row, and a bar the cell.
  return typeof value === 'string' && !/[|\n\r]|^"|^$/.test(value) ? value : JSON.stringify(value);
}

function isTable(value: Json): value is Record<string, Json>[] {
  return Array.isArray(value) && value.every(isObject);
}

function isObject(value: Json): value is Record<string, Json> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
