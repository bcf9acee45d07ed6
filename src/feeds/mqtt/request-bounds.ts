/** The bounds of what one call may ask for, and the checks that refuse more. */
import { invalidInput, type TidegateError } from '../../base/errors.ts';

export const DEFAULT_WAIT_MS = 5_000;
export const LONGEST_REQUEST_MS = 25_000;
export const LONGEST_RECEIVE_MS = 60_000;
export const MOST_ANSWERS = 100;
export const MOST_MESSAGES = 1_000;
/** Most bytes of payload that the answer of one call holds. */
export const MOST_PAYLOAD_BYTES = 262_144;

/** @throws TidegateError `invalid_input` */
export function checkNumberOf(field: string, value: number, most: number): void {
  if (!Number.isInteger(value) || value < 1 || value > most)
    throw wrongField(field, `a whole number from 1 to ${most}`);
}

/** @throws TidegateError `invalid_input` */
export function checkWait(timeoutMs: number, most: number): void {
  if (!(timeoutMs >= 1 && timeoutMs <= most)) throw wrongField('timeoutMs', `a number of ms from 1 to ${most}`);
}

export function wrongField(field: string, expected: string): TidegateError {
  return invalidInput(field, expected);
}
