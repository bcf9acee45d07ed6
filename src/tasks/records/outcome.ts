/** What a failure means: whether it is tried again, and when. Pure. */
import type { Policy } from '../../declare/spec/task.ts';
import { backoff } from '../../base/backoff.ts';
import { asTidegateError, type ErrorCode, TidegateError } from '../../base/errors.ts';

/** Errors that a second try would meet again. */
const FINAL: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'invalid_input',
  'invalid_config',
  'not_found',
  'bad_cursor',
  'too_large',
  'address_refused',
]);

type RetryVerdict = { again: true; afterMs: number } | { again: false };

/**
 * @param failures this one included, 1 or more
 * @param chance in [0, 1)
 */
export function judge(
  error: TidegateError,
  failures: number,
  policy: Pick<Policy, 'attempts' | 'firstMs' | 'mostMs'>,
  chance: number,
): RetryVerdict {
  if (FINAL.has(error.code) || failures >= policy.attempts) return { again: false };
  const pauseMs = Math.round(backoff(policy, failures - 1, chance));
  return { again: true, afterMs: Math.max(error.retryAfterMs ?? 0, pauseMs) };
}

/** What `run` gets when a step has failed for good. It may catch the error and go on. */
export class StepError extends TidegateError {
  readonly step: string;

  constructor(step: string, { code, message }: { code: ErrorCode; message: string }) {
    super(code, message, { hint: `the step ${step} failed for good` });
    this.name = 'StepError';
    this.step = step;
  }
}

/** Whatever was thrown, as an error. What is no error becomes the text of one. It never throws. */
export function thrownError(thrown: unknown): TidegateError {
  try {
    if (thrown instanceof Error) return asTidegateError(thrown);
    const text = typeof thrown === 'string' ? thrown : JSON.stringify(thrown);
    return noError(text?.slice(0, 500) ?? typeof thrown);
  } catch {
    // Its message, its JSON or its prototype throws too.
    return noError(typeof thrown);
  }
}

function noError(text: string): TidegateError {
  return new TidegateError('internal', `something that is no error was thrown: ${text}`);
}
