/**
 * Structured answers as text: arrays of objects as tables, the rest as lines of `name: value`. The text says all that the
 * structured answer says, because some clients show a model the text alone. Pure.
 */
import { type Json, isJsonObject } from '../base/json.ts';
import { isOneLine, jsonText } from '../base/plain.ts';

export function structuredText(value: Json): string {
  const parts = isJsonObject(value)
    ? Object.entries(value).flatMap(([name, inner]) => partOf(name, inner))
    : [cell(value)];
  return parts.join('\n');
}

function partOf(name: string, value: Json): string[] {
  if (name === 'next' && value === null) return [];
  if (!isTable(value)) return [`${cell(name)}: ${cell(value)}`];
  if (value.length === 0) return [`${cell(name)}: none`];
  return [...(name === 'items' ? [] : [`${cell(name)}:`]), ...tableOf(value)];
}

/** Rows of an array of objects, under the names of all their fields in the order in which they first appear. */
function tableOf(rows: readonly Record<string, Json>[]): string[] {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return [names.map(cell).join(' | '), ...rows.map((row) => names.map((name) => cell(row[name] ?? null)).join(' | '))];
}

function cell(value: Json): string {
  if (value === null) return '';
  // A bar would end the cell.
  return typeof value === 'string' && !/[|]|^"|^$/.test(value) && isOneLine(value) ? value : jsonText(value);
}

function isTable(value: Json): value is Record<string, Json>[] {
  return Array.isArray(value) && value.every(isJsonObject);
}
