/**
 * What a platform hands over beside a request: its body as the platform has it, and its share of the process. Where a platform
 * hands over nothing, requests are counted here, and what is over the bound is refused.
 */
import { TidegateError } from '../base/errors.ts';
import type { Work } from '../store/work.ts';
import type { BodySource } from './bodies/bodies.ts';

export interface Edge {
  /** Default: the request's stream. */
  body?: BodySource;
  /** Default: as much as it wants, within the number of requests. */
  work?: Work;
  /** Takes work that goes on behind the answer, or without a client. Default: the platform lets it go on by itself. */
  goesOn?: (work: Promise<unknown>) => void;
  /** Whether the platform adds the headers of `safe-headers.ts` to what it writes. */
  safeHeaders?: true;
}

export const NO_EDGE: Edge = {};

/** Requests of MCP under way, where a platform hands over no share of its own. */
export const REQUESTS = 1_000;

export function overloaded(): TidegateError {
  return new TidegateError('overloaded', 'The server has as much to do as it can hold; the request was not begun', {
    hint: 'send the same request again later',
    retryAfterMs: RETRY_AFTER_MS,
  });
}

/** Of a request that was begun, and waited too long for room to go on. */
export function gaveUp(): TidegateError {
  return new TidegateError('overloaded', 'The request was begun and waited too long for room to go on', {
    hint: 'send it again later; a push with ids or an Idempotency-Key is stored once, however often it is sent',
    retryAfterMs: RETRY_AFTER_MS,
  });
}

const RETRY_AFTER_MS = 2_000;

/** Whoever calls without an environment, as tests do, hands over nothing. */
export function edgeOf({ env }: { env?: { edge?: Edge | undefined } }): Edge {
  return env?.edge ?? NO_EDGE;
}
