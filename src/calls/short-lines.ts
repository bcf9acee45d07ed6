/**
 * Writes events and rows as short lines, for people and for models whose client shows them text alone. Pure and
 * bounded.
 */
import { isGap, type StreamEvent } from '../base/event.ts';
import type { Json } from '../base/json.ts';
import { isoTime } from '../base/time/time-text.ts';
import { shortened } from '../base/text.ts';

export const MOST_LINES = 40;
const LINE_CHARACTERS = 240;
const VALUE_CHARACTERS = 80;
const DEEPEST = 3;

/** At most `MOST_LINES` lines, and one more that says how many are left out. */
export function lines<Item>(items: readonly Item[], line: (item: Item) => string): string[] {
  const shown = items.slice(0, MOST_LINES).map((item) => shortened(line(item), LINE_CHARACTERS));
  const left = items.length - shown.length;
  return left > 0 ? [...shown, `(${left} more in the structured content)`] : shown;
}

/** `2026-11-20T12:00:00Z boiler-1 temp=80.5 pressure=2.1` */
export function eventLine(event: StreamEvent): string {
  const parts = [isoTime(event.time)];
  if (event.key !== undefined) parts.push(event.key);
  if (isGap(event)) {
    const { reason, detail } = event.meta?.gap ?? { reason: '' };
    return [...parts, 'GAP: events are missing before this one:', reason, ...(detail ? [detail] : [])].join(' ');
  }
  return [...parts, ...valuesOf(event.data, '', 0)].join(' ');
}

/** Six significant digits, and at least two decimals: a price of 104234.57 is not 104235. */
export function numberText(value: number): string {
  if (Number.isInteger(value)) return String(value);
  const whole = String(Math.trunc(Math.abs(value))).length;
  return String(Number(value.toPrecision(Math.max(6, whole + 2))));
}

/** `3 min`, `2 h`: the greatest unit that fits. */
export function ageText(ms: number): string {
  const age = Math.max(0, ms);
  if (age < 1_000) return `${Math.round(age)} ms`;
  if (age < 120_000) return `${Math.round(age / 1_000)} s`;
  if (age < 7_200_000) return `${Math.round(age / 60_000)} min`;
  return age < 172_800_000 ? `${Math.round(age / 3_600_000)} h` : `${Math.round(age / 86_400_000)} days`;
}

/** `3 min ago`, `2 h ahead` */
export function agoText(ms: number): string {
  return ms < 0 ? `${ageText(-ms)} ahead` : `${ageText(ms)} ago`;
}

function valuesOf(data: Json, path: string, depth: number): string[] {
  if (typeof data !== 'object' || data === null || Array.isArray(data) || depth >= DEEPEST) {
    const text = typeof data === 'number' ? numberText(data) : JSON.stringify(data);
    return [path === '' ? shortened(text, VALUE_CHARACTERS) : `${path}=${shortened(text, VALUE_CHARACTERS)}`];
  }
  return Object.entries(data).flatMap(([name, value]) =>
    valuesOf(value, path === '' ? name : `${path}.${name}`, depth + 1),
  );
}
