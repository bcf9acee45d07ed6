/**
 * Tests of messages by their text, by their fields, or by a function of the app. Several kinds of feed take them, for
 * messages that are no items. Pure.
 */
import type { Json } from '../../base/json.ts';
import { isPath, readPath } from '../../base/json-path.ts';
import { judged } from '../../declare/spec/options.ts';

/**
 * A text that is the whole message, to the last character (`unavailable`, or `pong\n` where a line end comes with it); values by their
 * paths, all of which must be equal (`{ event: 'heartbeat' }`); several of these, of which one must fit; or a function of the decoded
 * message.
 */
export type MessageTest = OneTest | readonly OneTest[] | ((message: unknown) => boolean);
type OneTest = string | Readonly<Record<string, string | number | boolean | null>>;

export interface MessageMatcher {
  /** Whether a decoded message fits. A function that throws fits nothing. */
  matches: (message: unknown) => boolean;
  /** Whether a message is exactly one of the texts, also where it cannot be decoded. */
  matchesText: (text: string) => boolean;
}

const NOTHING: MessageMatcher = { matches: () => false, matchesText: () => false };

export function messageMatcher(test: MessageTest | undefined): MessageMatcher {
  if (test === undefined) return NOTHING;
  if (typeof test === 'function') return { matches: (message) => passes(test, message), matchesText: () => false };
  const tests = Array.isArray(test) ? (test as readonly OneTest[]) : [test as OneTest];
  const texts = new Set(tests.flatMap((one) => (typeof one === 'string' ? [one] : [])));
  const fields = tests.flatMap((one) => (typeof one === 'string' ? [] : [Object.entries<Json>(one)]));
  const matchesText = (text: string) => texts.has(text);
  return {
    matches: (message) =>
      (texts.size > 0 && matchesTextOf(message, matchesText)) ||
      fields.some((one) => one.every(([path, value]) => readPath(message, path) === value)),
    matchesText,
  };
}

/** The text of a message is the message itself, or the value that the payloads `text` and `number` make of it. */
function matchesTextOf(message: unknown, matchesText: (text: string) => boolean): boolean {
  if (typeof message === 'string') return matchesText(message);
  if (typeof message !== 'object' || message === null || Object.keys(message).length !== 1) return false;
  const { value } = message as { value?: unknown };
  return typeof value === 'string' && matchesText(value);
}

/** A function that fails on a message must not stop the feed, which would get the same message again. */
function passes(test: (message: unknown) => boolean, message: unknown): boolean {
  try {
    return test(message);
  } catch {
    return false;
  }
}

/** The option that takes such a test. */
export const messageTestOption = judged<MessageTest>(
  "a text, fields with their values ({ event: 'heartbeat' }), several such, or a function",
  isTest,
).optional();

/** A test without a field would be true of every message. */
function isTest(test: unknown): boolean {
  if (typeof test === 'function' || typeof test === 'string') return true;
  const tests: readonly unknown[] = Array.isArray(test) ? test : [test];
  return tests.every((one) => {
    if (typeof one === 'string') return true;
    const fields = typeof one === 'object' && one !== null ? Object.entries(one as Record<string, unknown>) : [];
    return fields.length > 0 && fields.every(([path, value]) => path !== '' && isPath(path) && isPlain(value));
  });
}

function isPlain(value: unknown): boolean {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}
