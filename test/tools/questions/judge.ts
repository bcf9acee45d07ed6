/**
 * Whether a call is one of those that answer a question. Calls are compared in one form: tests of fields by field and test,
 * keys as a list, lists without order, and what is not given as it is by default. Pure.
 */
import type { Call, Question } from './question.ts';

/** Arguments that change nothing of what is answered, only how much of it or how. */
const HARMLESS = ['limit', 'order', 'format', 'maxEvents', 'seconds', 'settleSeconds'];
const DEFAULTS: Readonly<Record<string, unknown>> = { by: ['key'], perKey: null, format: 'csv', estimate: false };

export function answers({ call, or = [] }: Question, given: Call): boolean {
  return [call, ...or].some((right) => right.tool === given.tool && fits(plain(right), plain(given)));
}

function fits(right: Plain, given: Plain): boolean {
  const names = new Set([...Object.keys(right), ...Object.keys(given)]);
  return [...names].every((name) => {
    if (!Object.hasOwn(right, name) && HARMLESS.includes(name)) return true;
    return JSON.stringify(right[name] ?? DEFAULTS[name]) === JSON.stringify(given[name] ?? DEFAULTS[name]);
  });
}

/** One time, written in several ways. */
const FORMS: Readonly<Record<string, string>> = { '+0h': 'now', '-1d': '-24h' };

type Plain = Record<string, unknown>;

function plain({ arguments: args }: Call): Plain {
  const { where, condition, aggregates, keys, key, from, to, ...rest } = args as Plain;
  const { where: within, key: one, keys: several, keyLike, perKey, ...ofKind } = (condition ?? {}) as Plain;
  return sorted({
    ...rest,
    ...(from === undefined ? {} : { from: typeof from === 'string' ? (FORMS[from] ?? from) : from }),
    // No end: up to the newest event.
    ...(to === undefined || to === 'now' ? {} : { to }),
    ...(where === undefined ? {} : { where: tests(where) }),
    ...(aggregates === undefined || isPlainCount(args) ? {} : { aggregates: withoutOrder(aggregates) }),
    ...(keys === undefined ? {} : { keys: withoutOrder(keys) }),
    ...(key === undefined ? {} : { key }),
    ...(condition === undefined ? {} : ofKind),
    ...(within === undefined ? {} : { whereOfCondition: tests(within) }),
    ...(perKey === undefined || perKey === isPerKey(ofKind['kind']) ? {} : { perKey }),
    ...keysOf(one, several, keyLike),
  });
}

/** Events are counted where no field is named. */
function isPlainCount({ aggregates, field }: Plain): boolean {
  return field === undefined && JSON.stringify(withoutOrder(aggregates)) === '["count"]';
}

function isPerKey(kind: unknown): boolean {
  return kind !== 'absence' && kind !== 'count';
}

function keysOf(one: unknown, several: unknown, like: unknown): Plain {
  if (typeof one === 'string') return { keysOfCondition: [one] };
  const nested = (one ?? {}) as { oneOf?: unknown; like?: unknown };
  const list = several ?? nested.oneOf;
  const pattern = like ?? nested.like;
  return {
    ...(list === undefined ? {} : { keysOfCondition: withoutOrder(list) }),
    ...(pattern === undefined ? {} : { keyLike: pattern }),
  };
}

/** Each test as `field test value`. */
function tests(where: unknown): string[] {
  const each = Array.isArray(where)
    ? where.map(({ field, ...own }: { field: string }) => [field, own] as const)
    : Object.entries(where as object);
  return each
    .flatMap(([field, own]) =>
      Object.entries(typeof own === 'object' && own !== null ? (own as object) : { equals: own }).map(
        ([test, value]) => `${field} ${test} ${JSON.stringify(Array.isArray(value) ? withoutOrder(value) : value)}`,
      ),
    )
    .toSorted();
}

function withoutOrder(list: unknown): unknown[] {
  return (Array.isArray(list) ? list : [list]).map(String).toSorted();
}

function sorted(value: Plain): Plain {
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
