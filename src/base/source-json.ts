/**
 * Reads JSON that others wrote: bodies of feeds and APIs, messages, pushes, requests. A whole number that no double holds for
 * certain is handed on as its digits, so that no two numbers become one: `9007199254740993`, `9007199254740993.0` and
 * `9.007199254740993e15` are all `"9007199254740993"`. Where a schema asks for a number, `base/schema/as-asked.ts` makes one of the
 * digits. A number beyond every double (`1e400`) is ±Infinity, which is refused where the data are judged. A fraction becomes
 * the nearest double. Of two members with one name the last counts. A text that would be read for seconds is not read. What this project wrote itself is read by `parseJson`. Pure.
 */
import { TidegateError } from './errors.ts';
import { MOST_DEPTH } from './json.ts';

const PLAIN = /^-?\d+$/;
const PARTS = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** Whatever a shorter text holds, it is read in milliseconds. */
const SHORT = 16_384;

/** Deeper items are refused one by one; a text that is nested deeper than this is not read at all. */
const MOST_LEVELS = 500;
const MOST_MEMBERS = 50_000;
const MOST_VALUES = 2_000_000;
/** Who raises the limit of bytes wants more to be read. */
const CHARACTERS_EACH = 5;

/**
 * The value of a JSON text. A byte order mark before it is passed over.
 * @throws SyntaxError for what is not JSON; TidegateError `too_large` for what holds so much that it would be read for seconds
 */
export function readSourceJson(text: string): unknown {
  const json = withoutMark(text);
  if (json.length > SHORT) checkBounds(json);
  const value: unknown = JSON.parse(json);
  // Few texts have such a number, and to look at the values costs less than to look at each number's text.
  if (!hasGreatNumber(value, MOST_DEPTH)) return value;
  const kept = withQuotedNumbers(json);
  return kept === json ? value : JSON.parse(kept);
}

/** Shorter digits are a whole number that a double holds, unless a power stands behind them. */
const FEWEST_DIGITS = 16;

/**
 * A text that is JSON, with quotes around each number that is handed on as its digits. A reviver does the like, but takes many times
 * longer: it is called for every value, and a megabyte of short numbers around one long one would hold the process for half a second.
 */
function withQuotedNumbers(json: string): string {
  const parts: string[] = [];
  let from = 0;
  for (let at = 0; at < json.length; at += 1) {
    const code = json.charCodeAt(at);
    if (code === QUOTE) at = endOfString(json, at + 1);
    else if (code === MINUS || isDigit(code)) {
      const end = endOfNumber(json, at);
      const kept = mayBeGreat(json, at, end) ? readSourceNumber(json.slice(at, end)) : null;
      if (typeof kept === 'string') {
        parts.push(json.slice(from, at), `"${kept}"`);
        from = end;
      }
      at = end - 1;
    }
  }
  return from === 0 ? json : [...parts, json.slice(from)].join('');
}

/** Where the quote stands that ends a string. */
function endOfString(json: string, begin: number): number {
  let at = begin;
  while (at < json.length && json.charCodeAt(at) !== QUOTE) at += json.charCodeAt(at) === BACKSLASH ? 2 : 1;
  return at;
}

function endOfNumber(json: string, begin: number): number {
  let at = begin + 1;
  while (at < json.length && isOfNumber(json.charCodeAt(at))) at += 1;
  return at;
}

function mayBeGreat(json: string, begin: number, end: number): boolean {
  if (end - begin >= FEWEST_DIGITS) return true;
  for (let at = begin; at < end; at += 1) if ((json.charCodeAt(at) | LOWER) === SMALL_E) return true;
  return false;
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}

function isOfNumber(code: number): boolean {
  return isDigit(code) || code === DOT || code === PLUS || code === MINUS || (code | LOWER) === SMALL_E;
}

function checkBounds(json: string): void {
  const values = Math.max(MOST_VALUES, json.length / CHARACTERS_EACH);
  const beyond = beyondBounds(json, { levels: MOST_LEVELS, members: MOST_MEMBERS, values });
  if (beyond === null) return;
  const found = {
    levels: 'is nested too deeply',
    members: 'has too many members in one object',
    values: 'has too many values',
  };
  throw new TidegateError('too_large', `the JSON ${found[beyond]} to be read`, {
    expected: `at most ${MOST_LEVELS} levels, ${MOST_MEMBERS} members in an object, and ${MOST_VALUES} values or one for ${CHARACTERS_EACH} characters`,
  });
}

/** A text without the byte order mark that may stand before it. */
export function withoutMark(text: string): string {
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

/**
 * The number that a text of JSON's grammar for numbers means; ±Infinity for one beyond every double. Of a whole number
 * beyond ±(2^53 - 1) it answers the digits, unless it is written with a fraction or a power and is the number that its
 * double is written as, as programs write doubles: no other number is then taken for it.
 */
export function readSourceNumber(text: string): number | string {
  const value = Number(text);
  if (Math.abs(value) <= Number.MAX_SAFE_INTEGER || !Number.isFinite(value)) return value;
  if (PLAIN.test(text)) return text;
  const [, sign = '', whole = '', fraction = '', power = '0'] = PARTS.exec(text) ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  const significant = withoutZeros(digits);
  // The digits of the number that are behind its last significant one, or missing there.
  const zeros = Number(power) - fraction.length + digits.length - significant.length;
  const [shortest = ''] = Math.abs(value).toExponential().split('e');
  const isHeld = withoutZeros(shortest.replace('.', '')) === significant;
  return isHeld || zeros < 0 ? value : `${sign}${significant}${'0'.repeat(zeros)}`;
}

/** Without the zeros at its end. A pattern would look at each run of zeros as often as it is long. */
function withoutZeros(digits: string): string {
  let end = digits.length;
  while (digits[end - 1] === '0') end -= 1;
  return digits.slice(0, end);
}

/** Whether a number is beyond ±(2^53 - 1). @param left levels that are looked at; data that are nested more deeply are refused elsewhere */
export function hasGreatNumber(value: unknown, left: number): boolean {
  if (typeof value === 'number') return value > Number.MAX_SAFE_INTEGER || value < -Number.MAX_SAFE_INTEGER;
  if (typeof value !== 'object' || value === null || left < 0) return false;
  if (Array.isArray(value)) return value.some((inner) => hasGreatNumber(inner, left - 1));
  for (const name in value) if (hasGreatNumber((value as Record<string, unknown>)[name], left - 1)) return true;
  return false;
}

/** Whether a text is the digits of a whole number that no double holds, as `readSourceJson` hands one on. */
export function isLongNumber(value: unknown): value is string {
  return typeof value === 'string' && /^-?\d{16,}$/.test(value) && !Number.isSafeInteger(Number(value));
}

/**
 * What the text of a JSON value may hold, judged before it is parsed: a parser works on what it is given to its end, and everything
 * else of the process waits meanwhile. Ten million brackets, which are 10 MB, are seconds of a processor.
 */
interface JsonBounds {
  /** Most levels of lists and objects. */
  levels: number;
  /** Most members of one object: objects with very many are read far more slowly than lists. */
  members: number;
  /** Most values: lists, objects, and what stands in them. */
  values: number;
}

const UNBOUNDED = Number.POSITIVE_INFINITY;

/** Which bound a text is beyond; null: none. For a text that is not JSON any answer may come. */
export function beyondBounds(text: string, bounds: Partial<JsonBounds>): keyof JsonBounds | null {
  const { levels = UNBOUNDED, members = UNBOUNDED, values = UNBOUNDED } = bounds;
  if (text.length <= Math.min(levels, members, values)) return null;
  // Most texts have few brackets, and the engine finds those many times faster than it looks at each character.
  if (members === UNBOUNDED && values === UNBOUNDED && hasFewBrackets(text, levels)) return null;
  /** Members of the objects that are open; lists begin so low that they never have too many. */
  const counts: number[] = [];
  let depth = 0;
  let count = 1;
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) inString = !inString;
    else if (inString) at += code === BACKSLASH ? 1 : 0;
    else if (code === COMMA) {
      if ((count += 1) > values) return 'values';
      if ((counts[depth] = (counts[depth] ?? 1) + 1) > members) return 'members';
    } else if (code === OPEN_LIST || code === OPEN_OBJECT) {
      if ((depth += 1) > levels) return 'levels';
      if ((count += 1) > values) return 'values';
      counts[depth] = code === OPEN_OBJECT ? 1 : Number.NEGATIVE_INFINITY;
    } else if (code === CLOSE_LIST || code === CLOSE_OBJECT) depth -= 1;
  }
  return null;
}

function hasFewBrackets(text: string, most: number): boolean {
  let left = most;
  for (const bracket of ['{', '[']) {
    for (let at = text.indexOf(bracket); at >= 0; at = text.indexOf(bracket, at + 1)) {
      left -= 1;
      if (left < 0) return false;
    }
  }
  return true;
}

const [ZERO, NINE, DOT, PLUS, MINUS, SMALL_E, LOWER] = [0x30, 0x39, 0x2e, 0x2b, 0x2d, 0x65, 0x20];
const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
