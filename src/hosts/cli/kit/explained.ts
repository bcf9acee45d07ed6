/** A mistake of the operator's in words for a terminal: what is wrong, what was expected, what to do. Pure. */
import type { TidegateError } from '../../../base/errors.ts';
import { inLines } from '../../../base/plain.ts';

export function explained({ message, field, expected, hint }: TidegateError): string {
  const lines = [`tidegate: ${message}`];
  if (field !== null && (expected === null || !message.includes(expected))) {
    lines.push(`  ${field}: expected ${expected ?? 'something else'}`);
  }
  if (hint !== null) lines.push(hint);
  return linesOf(lines.join('\n'));
}

/** Lines of ours stay, and what steers a terminal does not. */
export function linesOf(text: string): string {
  return inLines(text.split('\n'));
}
