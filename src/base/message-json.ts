/**
 * Reads the text of a JSON-RPC message, from HTTP and from a pipe alike. A text that is nested deeper than any message needs
 * is refused before it is parsed, because later code walks through it by recursion, and so is one of so many members or values
 * that it would be read for seconds. A whole number that no double holds is
 * handed on as its digits (`source-json.ts`), and refused where the answer would have to repeat it: as an id, it would be
 * answered as another one. So would half of a surrogate pair. Pure.
 */
import { hasNonFinite } from './json.ts';
import { beyondBounds, hasGreatNumber, isLongNumber, readSourceJson, withoutMark } from './source-json.ts';

export type MessageText =
  | { ok: true; value: unknown }
  /** `text`: it is no JSON that is taken. `id`: the id, or another number by which messages are told apart. */
  | { ok: false; fault: 'text' | 'id'; expected: string };

/**
 * Most levels of lists and objects. Nothing that is served is nested as deep; the checks that name a field come
 * earlier.
 */
const MOST_NESTED = 256;
/** Most members of one object, and most values of a text: 10 MB of either hold a process for seconds, here and in all that reads them. */
const MOST_MEMBERS = 50_000;
const MOST_VALUES = 1_000_000;
/** A member is four characters at least: shorter texts do not have too many, and are not looked through for them. */
const FEW_CHARACTERS = 4 * MOST_MEMBERS;

const NESTED = { levels: MOST_NESTED };
const BOUNDS = { ...NESTED, members: MOST_MEMBERS, values: MOST_VALUES };
const EXPECTED = {
  levels: `at most ${MOST_NESTED} levels of nesting`,
  members: `at most ${MOST_MEMBERS} members in one object`,
  values: `at most ${MOST_VALUES} values`,
};

export function readMessage(given: string): MessageText {
  const text = withoutMark(given);
  const beyond = beyondBounds(text, text.length > FEW_CHARACTERS ? BOUNDS : NESTED);
  if (beyond !== null) return wrong('text', EXPECTED[beyond]);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return wrong('text', 'a whole JSON text');
  }
  const halved = mayBeHalved(text) ? placesOf(value).find(({ id }) => isHalved(id)) : undefined;
  if (halved) return wrong('id', `${halved.field}: a text without half of a surrogate pair`);
  return hasGreatNumber(value, MOST_NESTED) ? withDigits(text) : { ok: true, value };
}

/** A message with a number that no double holds for certain. */
function withDigits(text: string): MessageText {
  let value: unknown;
  try {
    value = readSourceJson(text);
  } catch {
    return wrong('text', 'a JSON text of fewer members and values');
  }
  // Few messages have such numbers, and fewer in the place of an id: those are parsed again, to see whether it was a number.
  if (hasNonFinite(value, MOST_NESTED)) return wrong('text', 'numbers of at most 1.8e308');
  const [suspected] = placesOf(value).filter(({ id }) => isLongNumber(id));
  if (suspected && placesOf(JSON.parse(text)).some(({ id }) => typeof id === 'number' && !Number.isSafeInteger(id))) {
    return wrong('id', `${suspected.field}: a text, or a whole number from -(2^53-1) to 2^53-1`);
  }
  return { ok: true, value };
}

/** How half of a surrogate pair stands in a text of UTF-8. `sentJson` would answer it as another character. */
const ESCAPED_SURROGATE = /\\u[dD][89a-fA-F]/;

/** Few texts have an escape at all, and to look for one costs less than to look for one of these. */
function mayBeHalved(text: string): boolean {
  return text.includes('\\u') && ESCAPED_SURROGATE.test(text);
}

function isHalved(id: unknown): boolean {
  return typeof id === 'string' && !id.isWellFormed();
}

interface IdPlace {
  field: string;
  id: unknown;
}

/** Where a message, or each of a batch, names a message. */
function placesOf(body: unknown): IdPlace[] {
  return (Array.isArray(body) ? body : [body]).flatMap((message: unknown) => {
    const { id, params } = objectOr(message);
    const { requestId, _meta: meta } = objectOr(params);
    return [
      { field: 'id', id },
      { field: 'params.requestId', id: requestId },
      { field: 'params._meta.progressToken', id: objectOr(meta)['progressToken'] },
    ];
  });
}

function objectOr(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function wrong(fault: 'text' | 'id', expected: string): MessageText {
  return { ok: false, fault, expected };
}
