/** Tells an answer that is only a part of a body. A part that nobody asked for would be taken for the whole. Pure. */
import { TidegateError } from '../base/errors.ts';

/** `bytes <first>-<last>/<size>` (RFC 9110, section 14.4). */
const RANGE = /^bytes (\d+)-(\d+)\/(\d+)$/;

/**
 * The error for an answer of 206 that does not hold all bytes of its body; null for every other answer.
 * @param source for the message
 */
export function partOnly(
  { status, headers }: Pick<Response, 'status' | 'headers'>,
  source: string,
): TidegateError | null {
  if (status !== 206) return null;
  const range = headers.get('content-range')?.trim() ?? '';
  const [, first, last, size] = RANGE.exec(range) ?? [];
  if (first === '0' && Number(last) + 1 === Number(size)) return null;
  const told = range === '' ? '' : ` (${range.slice(0, 100)})`;
  return new TidegateError('upstream', `${source} answered 206, a part of the body${told}, which nobody asked for`, {
    expected: 'the whole body, with the status 200',
    hint: 'a cache or a proxy in between may be wrong',
  });
}
