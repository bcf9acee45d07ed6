/** Selects the events that a condition looks at and the subject of each: one key, or all keys together. Pure. */
import type { Condition, FieldTests, KeyTest, Scalar, Where } from '../../declare/condition.ts';
import type { StreamEvent } from '../../base/event.ts';
import { hasValueAt, numberAt, pathOf, valueAt } from '../../base/field-path.ts';
import type { Json } from '../../base/json.ts';

/** An event with or without the name of its stream. */
export type WatchedEvent = Omit<StreamEvent, 'stream'>;

type Scope = Pick<Condition, 'kind' | 'key' | 'perKey'>;

/**
 * Whether a kind judges each key by itself by default. Kinds that compare values do; `count` and `absence` take all
 * keys together.
 */
const EACH_KEY: Record<Condition['kind'], boolean> = {
  threshold: true,
  change: true,
  rate: true,
  match: true,
  absence: false,
  count: false,
};

export function isPerKey({ kind, perKey }: Scope): boolean {
  return perKey ?? EACH_KEY[kind];
}

/** The subject that an event belongs to: its key, or null where all keys are judged together. */
export function subjectOf(condition: Scope, event: WatchedEvent): string | null {
  if (typeof condition.key === 'string') return condition.key;
  return isPerKey(condition) ? (event.key ?? null) : null;
}

/** The subjects that are known before any event comes. */
export function knownSubjects(condition: Scope): readonly (string | null)[] {
  const { key } = condition;
  if (typeof key === 'string') return [key];
  if (!isPerKey(condition)) return [null];
  return key !== undefined && 'oneOf' in key ? [...new Set(key.oneOf)] : [];
}

/** An event without a key passes no test of keys. */
export function passesKey(test: KeyTest | undefined, key: string | undefined): boolean {
  if (test === undefined) return true;
  if (key === undefined) return false;
  if (typeof test === 'string') return test === key;
  return 'oneOf' in test ? test.oneOf.includes(key) : isLike(key, test.like);
}

export function passesWhere(where: Where | undefined, data: Json): boolean {
  for (const [field, test] of Object.entries(where ?? {})) {
    if (test === undefined) continue;
    const tests = typeof test === 'object' && test !== null ? test : { equals: test };
    if (!passesTests(tests, data, pathOf(field))) return false;
  }
  return true;
}

function passesTests(tests: FieldTests, data: Json, path: readonly string[]): boolean {
  const value = valueAt(data, path);
  if (tests.exists !== undefined && tests.exists !== (value !== null)) return false;
  const { equals, not, oneOf, contains, notContains, like } = tests;
  const asked = [equals, oneOf, contains, like].some((test) => test !== undefined);
  if (asked && !hasValueAt(data, path)) return false;
  if (equals !== undefined && value !== equals) return false;
  // A missing field has no value that it could be: it is read as null here, as `exists` reads it.
  if (not !== undefined && value === not) return false;
  if (oneOf !== undefined && !oneOf.includes(value as Scalar)) return false;
  if (contains !== undefined && !holds(value, contains)) return false;
  if (notContains !== undefined && holds(value, notContains)) return false;
  if (like !== undefined && !(typeof value === 'string' && isLike(value, like))) return false;
  return passesBounds(tests, numberAt(data, path));
}

function passesBounds({ above, atLeast, below, atMost }: FieldTests, number: number | null): boolean {
  if (above === undefined && atLeast === undefined && below === undefined && atMost === undefined) return true;
  if (number === null) return false;
  return (
    (above === undefined || number > above) &&
    (atLeast === undefined || number >= atLeast) &&
    (below === undefined || number < below) &&
    (atMost === undefined || number <= atMost)
  );
}

function holds(value: Json, part: Scalar): boolean {
  if (Array.isArray(value)) return value.includes(part);
  return typeof value === 'string' && typeof part === 'string' && value.includes(part);
}

/** Finds each part between two `*` at its earliest place and never backtracks, so its time grows only with the text. */
function isLike(text: string, pattern: string): boolean {
  const [first = '', ...parts] = pattern.split('*');
  const last = parts.pop();
  if (last === undefined) return text === pattern;
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const part of parts) {
    const found = text.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}
