/**
 * Positions that records and entries of ours hold, as they read in the restored store. Its logs have other epochs, so what clients hold
 * reads as truncated; a position of our own gets the new epoch and keeps its place. The mark of the entry before it is left out, since
 * no entry has the mark that it had. Pure.
 */
import type { Json } from '../../base/json.ts';
import { decodeCursor, encodeCursor, epochOf } from '../../store/cursor.ts';

/** A position with a whole epoch, as `store/cursor.ts` writes it. */
const POSITION = /^[0-9a-z]{1,11}(?:~[0-9a-z]{4})?\.(.{1,136})$/su;
const LONGEST = 160;

/**
 * The new epoch of each former one.
 * @param former of each log @param id of the restore
 */
export function newEpochs(former: ReadonlyMap<string, string>, id: string): Map<string, string> {
  return new Map([...former].map(([log, epoch]) => [epoch, epochOf(log, id)]));
}

/** @param epochs the new one of each former one */
export function mapEpochs<Value extends Json>(value: Value, epochs: ReadonlyMap<string, string>): Value {
  return mapped(value, epochs) as Value;
}

function mapped(value: Json, epochs: ReadonlyMap<string, string>): Json {
  if (typeof value === 'string') return value.length > LONGEST ? value : mapText(value, epochs);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => mapped(item, epochs));
  const members = Object.entries(value).map(([name, member]) => [name, mapped(member, epochs)] as const);
  return Object.fromEntries(members);
}

function mapText(text: string, epochs: ReadonlyMap<string, string>): string {
  const whole = epochs.get(text);
  if (whole !== undefined) return whole;
  const [, epoch = ''] = POSITION.exec(text) ?? [];
  const next = epochs.get(epoch);
  return next === undefined ? text : encodeCursor(next, decodeCursor(text).place);
}
