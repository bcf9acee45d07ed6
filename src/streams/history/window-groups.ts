/**
 * By what the events of a window are told apart: their key, what a clock showed when they happened, and values of their fields. Pure.
 */
import type { Scalar } from '../../declare/condition.ts';
import { pathOf, valueAt } from '../../base/field-path.ts';
import type { Json } from '../../base/json.ts';
import type { Zone } from '../../base/time/zone.ts';

/** The name in `by` that stands for the event's key. */
export const BY_KEY = 'key';
/** Longest text to group by. A longer text counts as missing, because each row would repeat it. */
const GROUP_CHARACTERS = 256;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** The first Monday after the epoch began, a Thursday. */
const MONDAY_MS = 4 * DAY_MS;

export interface Grouping {
  /**
   * `key` makes a row for each key, a name of `BY_CLOCK` one for each of its hours or days, and the path of a field one for each of
   * its values. Empty: one row for all events.
   */
  by: readonly string[];
  /** Those of `by` that are of `BY_CLOCK`, and no fields. */
  clocks: readonly string[];
  /** Of the clocks; null: UTC. */
  zone: Zone | null;
}

export interface GroupName {
  /** Null where events have no key, and where rows are not made for each key. */
  key: string | null;
  /**
   * Values of the fields in `by`, by path; null where `by` names no field. Lists, objects and long texts count as null,
   * as missing fields do.
   */
  group: Readonly<Record<string, Scalar>> | null;
}

export interface GroupedEvent {
  key?: string;
  time: number;
  data: Json;
}

/** Names that group by what a clock shows: 0 to 23, and 1 for Monday to 7 for Sunday. */
export const BY_CLOCK = ['hourOfDay', 'dayOfWeek'] as const;

/** @returns for a local time, ms as if it were UTC; null: the name is of no clock */
export function clockOf(name: string): ((local: number) => number) | null {
  if (name === 'hourOfDay') return (local) => Math.floor(modulo(local, DAY_MS) / HOUR_MS);
  if (name === 'dayOfWeek') return (local) => Math.floor(modulo(local - MONDAY_MS, 7 * DAY_MS) / DAY_MS) + 1;
  return null;
}

function modulo(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor;
}

export function grouping({ by, clocks, zone }: Grouping) {
  const perKey = by.includes(BY_KEY);
  const fields = by
    .filter((name) => name !== BY_KEY)
    .map((name): readonly [string, (event: GroupedEvent) => Scalar] => {
      const path = pathOf(name);
      const clock = clocks.includes(name) ? clockOf(name) : null;
      if (clock === null) return [name, ({ data }) => scalarAt(data, path)];
      return [name, ({ time }) => clock(time + (zone?.offsetAt(time) ?? 0))];
    });
  const keyOf = (event: GroupedEvent) => (perKey ? (event.key ?? null) : null);
  return {
    idOf(event: GroupedEvent): string {
      // A key is never empty, so the empty text can stand for no key.
      const key = keyOf(event) ?? '';
      return fields.length === 0 ? key : JSON.stringify([key, ...fields.map(([, valueIn]) => valueIn(event))]);
    },
    named(event: GroupedEvent): GroupName {
      const group = Object.fromEntries(fields.map(([name, valueIn]) => [name, valueIn(event)]));
      return { key: keyOf(event), group: fields.length === 0 ? null : group };
    },
  };
}

function scalarAt(data: Json, path: readonly string[]): Scalar {
  const value = valueAt(data, path);
  const isValue = typeof value !== 'object' && (typeof value !== 'string' || value.length <= GROUP_CHARACTERS);
  return isValue ? value : null;
}
