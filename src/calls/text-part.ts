/** A part of a text that is larger than what a client gives a model by default, with what is said of it. Pure. */
import { TidegateError } from '../base/errors.ts';
import { inPages } from '../base/text.ts';
import { HALF_BYTES } from './halves.ts';

/** What an answer has beside the part: its head, and the call that goes on. */
const AROUND_BYTES = 1_500;
const LEAST_BYTES = 4_000;

interface TextPart {
  text: string;
  /** `, characters 0 to 20000 of 90000`; empty: it is the whole text. */
  told: string;
  /** Where the next part begins; null: there is none. */
  next: number | null;
}

/**
 * The part that begins at a character, and never ends within one.
 * @param limit most characters; undefined: as many as each half of an answer takes
 * @param beside bytes of a half that other things take
 * @throws TidegateError `invalid_input` for a place behind the end
 */
export function partOf(text: string, from: number, limit: number | undefined, beside = 0): TextPart {
  const { length } = text;
  if (from > 0 && from >= length) throw beyond(length);
  const rest = text.slice(from);
  const part =
    limit === undefined
      ? (inPages(rest, Math.max(LEAST_BYTES, HALF_BYTES - AROUND_BYTES - beside))[0] ?? '')
      : rest.slice(0, limit + (isPair(rest, limit) ? 1 : 0));
  const end = from + part.length;
  const told = part.length === length ? '' : `, characters ${from} to ${end} of ${length}`;
  return { text: part, told, next: end < length ? end : null };
}

/** Whether the two halves of one character stand before and behind a place. */
function isPair(text: string, at: number): boolean {
  return (text.codePointAt(at - 1) ?? 0) > 0xffff;
}

function beyond(length: number): TidegateError {
  return new TidegateError('invalid_input', 'the page has ended before', {
    field: 'from',
    expected: `less than ${length}, the characters of the page`,
  });
}
