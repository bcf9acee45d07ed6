/**
 * The one error type that is thrown for what is broken. Expected refusals (a lease that was lost, a version that moved
 * on) are returned values and never come through here. Each edge maps `code` to its own form: see `http/problem.ts`
 * and `mcp/wire/errors.ts`.
 */

import type { JsonObject } from './json.ts';

/** Stable codes: a client may depend on them; messages may change. */
export const ERROR_CODES = [
  /** An argument, a body or a header is wrong; the caller can mend it. */
  'invalid_input',
  /** The declaration in `app.ts` or an environment variable is wrong; the operator can mend it. */
  'invalid_config',
  /**
   * There is no such stream, tool, resource, feed or prompt. What belongs to another principal gets this answer too.
   */
  'not_found',
  /** A cursor that this server did not make, or that is for something else. */
  'bad_cursor',
  /** A request state that this server did not make, or that is for something else, has expired, or was used before. */
  'bad_request_state',
  /** A client's answer does not fit the question that it was asked. */
  'bad_answer',
  /** The client did not declare a capability that the server needs to ask it, or to give it what it asks for. */
  'missing_capability',
  /** The caller's protocol version has no way to do this. */
  'not_supported',
  /** The caller asks far more often than it was told to; `retryAfterMs` says when it makes sense again. */
  'rate_limited',
  /** The process has as much to do as it can hold, whoever asks; `retryAfterMs` says when it makes sense again. */
  'overloaded',
  /** A body, a record or a commit above its limit. */
  'too_large',
  /** A query would read more than it may. The hint says how to narrow it, or how to get the answer in pages. */
  'too_costly',
  /** The store cannot be reached, or did not answer in time: nothing is known to have changed. */
  'store_unavailable',
  /** A commit's outcome could not be found out before the deadline. */
  'store_unknown',
  /** The store refuses to write, because its disk, its memory or its quota is full: nothing was written. */
  'store_full',
  /** What holds the data is gone, damaged, or may not be written. Trying again does not help: somebody has to mend it. */
  'store_damaged',
  /** Something stored, or sealed, has a version that this release does not know: a newer release wrote it. */
  'newer_version',
  /** The caller's deadline passed, or it went away. */
  'cancelled',
  /** An upstream did not do what its feed expects. */
  'upstream',
  /** An address that the guarded fetch does not allow. */
  'address_refused',
  /** A defect of ours. */
  'internal',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

export interface ErrorDetails {
  /** Path of the field, header or variable that is wrong, e.g. `streams.quakes.retention.events`. */
  field?: string;
  /** What would have been right, in words: `a positive whole number`. */
  expected?: string;
  /** What the reader can do about it. */
  hint?: string;
  /** After how many milliseconds trying again makes sense. */
  retryAfterMs?: number;
  /** For `missing_capability`: the capabilities that the client would have to declare. */
  requiredCapabilities?: JsonObject;
  cause?: unknown;
}

export class TidegateError extends Error {
  readonly code: ErrorCode;
  readonly field: string | null;
  readonly expected: string | null;
  readonly hint: string | null;
  readonly retryAfterMs: number | null;
  readonly requiredCapabilities: JsonObject | null;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'TidegateError';
    this.code = code;
    this.field = details.field ?? null;
    this.expected = details.expected ?? null;
    this.hint = details.hint ?? null;
    this.retryAfterMs = details.retryAfterMs ?? null;
    this.requiredCapabilities = details.requiredCapabilities ?? null;
  }
}

/** An argument that is wrong: `<field>: expected <expected>`. */
export function invalidInput(field: string, expected: string): TidegateError {
  return new TidegateError('invalid_input', `${field}: expected ${expected}`, { field, expected });
}

/** The same for what an app declares, and for variables of the environment. */
export function invalidConfig(field: string, expected: string): TidegateError {
  return new TidegateError('invalid_config', `${field}: expected ${expected}`, { field, expected });
}

/** Whether the store failed, and neither the caller nor what it asked for. */
export function isOfStore(thrown: unknown): thrown is TidegateError {
  return thrown instanceof TidegateError && OF_STORE.has(thrown.code);
}

const OF_STORE: ReadonlySet<ErrorCode> = new Set(['store_unavailable', 'store_unknown', 'store_full', 'store_damaged']);

/** After how many milliseconds whoever got this error may ask again. What somebody has to mend takes a while. */
export function againAfterMs({ code, retryAfterMs }: Pick<TidegateError, 'code' | 'retryAfterMs'>): number {
  return retryAfterMs ?? (code === 'store_damaged' ? 60_000 : 1_000);
}

const REASON_CHARACTERS = 200;
/** What the engines' clients say of an answer that they do not understand. */
const UNSAID = new Set(['', 'undefined', 'UnknownError']);

/** The innermost cause that has a message: its first line. The errors around it say only that something failed. */
export function innermostReason(thrown: unknown): string {
  let reason = '';
  for (let at: unknown = thrown; at instanceof Error; at = at.cause) reason = at.message || reason;
  const [line = ''] = reason.split('\n', 1);
  return UNSAID.has(line) ? 'what answers there is something else' : line.slice(0, REASON_CHARACTERS);
}

/** What the log has of an error, with the place that threw it. It may hold secrets, and is for no client. */
export function causeText(thrown: unknown): string {
  const cause = thrown instanceof TidegateError && thrown.cause !== undefined ? thrown.cause : thrown;
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
}

/** Makes a TidegateError of whatever was thrown. A foreign error becomes `internal`, with the original as its cause. */
export function asTidegateError(thrown: unknown): TidegateError {
  if (thrown instanceof TidegateError) return thrown;
  return new TidegateError('internal', thrown instanceof Error ? thrown.message : String(thrown), { cause: thrown });
}
