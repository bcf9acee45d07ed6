/**
 * Tells which of two revisions of an id is the newer one. Numbers are compared as numbers, times as times (ISO 8601 with
 * zones, and mail dates), and versions such as `1.9.0`, `v9` and `3-0e1f` by the numbers in them. Of all others, such as
 * ETags and hashes, no order can be known. Pure.
 *
 * Accepted weakness: `1.10` is the number 1.1, because a source that writes numbers sends it so.
 */
import { readDecimal } from '../../base/number-text.ts';
import { readSourceTime } from '../../base/time/source-time.ts';

/** Letters, then whole numbers with dots between them, and what stands behind a sign that ends them. */
const VERSION = /^([a-z]*[ ._-]?)(\d+(?:\.\d+)*)(?:$|[-+_ ~].*$)/is;
/** Random, and by chance its first part may be digits. */
const UUID = /^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/i;

/** Above 0: `one` is the newer. Below 0: `other` is. Null: they are equally new, or nobody can tell. */
export function compareRevisions(one: string, other: string): number | null {
  if (UUID.test(one) || UUID.test(other)) return null;
  const isOfParts = !isOtherDate(one) && !isOtherDate(other);
  for (const compare of isOfParts ? [byNumber, byTime, byOnePart, byVersion] : [byNumber, byTime]) {
    const order = compare(one, other);
    if (order !== null) return order === 0 ? null : order;
  }
  return null;
}

/** A date that does not begin with its year, or a time of the day: what comes first in it does not count most. */
function isOtherDate(revision: string): boolean {
  return /^\d{1,2}([-./])\d{1,2}\1\d{2,4}(?!\d)/.test(revision) || /\d:\d/.test(revision);
}

function byNumber(one: string, other: string): number | null {
  const [a, b] = [numberOf(one), numberOf(other)];
  return a === null || b === null ? null : orderOf(a, b);
}

/** The number that a revision is, exact however many digits it has; null where it is none. */
function numberOf(revision: string): number | bigint | null {
  return /^\d+$/.test(revision) ? BigInt(revision) : readDecimal(revision);
}

function byTime(one: string, other: string): number | null {
  const [a, b] = [timeOf(one), timeOf(other)];
  if (a === null || b === null) return null;
  return orderOf(a.time, b.time) || orderOf(a.ns, b.ns);
}

/** A text without a zone counts as UTC, as times of events do. */
function timeOf(revision: string): { time: number; ns: number } | null {
  if (numberOf(revision) !== null) return null;
  const read = readSourceTime(revision, { unit: null, zone: null });
  return read.ok ? read : null;
}

/** Texts that are the same but for one number in them, which is not a part of a hash. */
function byOnePart(one: string, other: string): number | null {
  if (one.replaceAll(/\d+/g, '0') !== other.replaceAll(/\d+/g, '0')) return null;
  const [a, b] = [runsOf(one), runsOf(other)];
  const differing = a.flatMap((run, at) => (run === b[at] ? [] : [at]));
  const [only, ...others] = differing;
  if (only === undefined || others.length > 0) return null;
  const isOfHash = one.split(/\d+/).some((text, at) => {
    const besides = [at === only ? text.at(-1) : '', at === only + 1 ? text.at(0) : ''];
    return besides.some((letter) => /^[a-f]$/i.test(letter ?? ''));
  });
  return isOfHash ? null : orderOf(a[only] ?? 0n, b[only] ?? 0n);
}

/** Versions whose numbers differ. Where only what stands behind them does, such as `-beta` and `-rc`, nobody can tell. */
function byVersion(one: string, other: string): number | null {
  const [a, b] = [VERSION.exec(one), VERSION.exec(other)];
  if (!a || !b || a[1]?.toLowerCase() !== b[1]?.toLowerCase()) return null;
  return orderOfRuns(runsOf(a[2] ?? ''), runsOf(b[2] ?? ''));
}

function runsOf(text: string): bigint[] {
  return Array.from(text.matchAll(/\d+/g), ([digits]) => BigInt(digits));
}

/** A number that is missing counts as 0. */
function orderOfRuns(one: readonly bigint[], other: readonly bigint[]): number {
  for (let at = 0; at < Math.max(one.length, other.length); at += 1) {
    const order = orderOf(one[at] ?? 0n, other[at] ?? 0n);
    if (order !== 0) return order;
  }
  return 0;
}

function orderOf(one: number | bigint, other: number | bigint): number {
  return one > other ? 1 : one < other ? -1 : 0;
}
