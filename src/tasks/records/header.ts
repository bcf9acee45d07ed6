/**
 * A task's header: all that `tasks/get` answers, in one record; what it was called with is a record beside it. Whoever changes it puts it on the version that it read.
 * What may follow what is decided here, and nothing else; pure.
 */
import type { Answer, WireRequest } from '../../declare/ask.ts';
import type { ToolResult } from '../../declare/check/tool-result.ts';
import type { ErrorCode, TidegateError } from '../../base/errors.ts';
import type { JsonObject } from '../../base/json.ts';
import type { Principal } from '../../base/principal.ts';

export type TaskStatus = 'working' | 'input_required' | 'completed' | 'failed' | 'cancelled';

/** Why a task failed; `field`, `expected` and `hint` as in `TidegateError`. */
export interface Failure {
  code: ErrorCode;
  message: string;
  field?: string;
  expected?: string;
  hint?: string;
}

export interface Header {
  task: string;
  version: string;
  principal: Principal;
  status: TaskStatus;
  message: string | null;
  createdAt: number;
  updatedAt: number;
  ttlMs: number;
  /** Epoch ms at which it fails, if it has not ended. */
  endsBy: number;
  /** Questions that wait for an answer, by the key that they were asked under. */
  asks: Record<string, WireRequest>;
  result: ToolResult | null;
  /** Pages that its result has. */
  pages: number;
  failure: Failure | null;
  /** The first task of a chain of retries, this one where it is none: what idempotency keys of steps are made of. */
  origin: string;
}

/** The header stays so long after `ttlMs` is over, so that the task's end can still be written and read, ms. */
export const KEPT_MS = 3_600_000;
/** A failed task is a dead letter, and can be retried as long, ms. */
export const KEPT_FAILED_MS = 30 * 86_400_000;
const MESSAGE_CHARACTERS = 1_000;

export function hasEnded({ status }: Pick<Header, 'status'>): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled';
}

export function expiryOf({ createdAt, ttlMs, status, updatedAt }: Header): number {
  const kept = createdAt + ttlMs + KEPT_MS;
  return status === 'failed' ? Math.max(kept, updatedAt + KEPT_FAILED_MS) : kept;
}

/**
 * What is remembered stays as long as the task's failure may be retried: without it a retry would do again what was done.
 * The same goes for what it was called with.
 */
export function rememberedUntil({ endsBy }: Pick<Header, 'endsBy'>): number {
  return endsBy + KEPT_MS + KEPT_FAILED_MS;
}

/** A change of a header; it answers the header itself where there is nothing to change. */
export type Change = (header: Header, now: number) => Header;

export function progressed(message: string): Change {
  const text = clipped(message, MESSAGE_CHARACTERS);
  return (header, now) => (hasEnded(header) ? header : { ...header, message: text, updatedAt: now });
}

export function asked(key: string, request: WireRequest): Change {
  return (header, now) => {
    if (hasEnded(header) || key in header.asks) return header;
    return { ...header, status: 'input_required', asks: { ...header.asks, [key]: request }, updatedAt: now };
  };
}

/** Questions that are answered. */
export function settled(keys: readonly string[]): Change {
  return (header, now) => {
    if (hasEnded(header) || !keys.some((key) => key in header.asks)) return header;
    const asks = Object.fromEntries(Object.entries(header.asks).filter(([key]) => !keys.includes(key)));
    const status = Object.keys(asks).length > 0 ? 'input_required' : 'working';
    return { ...header, status, asks, updatedAt: now };
  };
}

export function completed(result: ToolResult, pages: number): Change {
  return ended({ status: 'completed', result, pages, message: null });
}

export function failed(failure: Failure): Change {
  return ended({ status: 'failed', failure, message: clipped(failure.message, MESSAGE_CHARACTERS) });
}

export function cancelled(message: string): Change {
  return ended({ status: 'cancelled', message });
}

function ended(end: Partial<Header>): Change {
  return (header, now) => (hasEnded(header) ? header : { ...header, ...end, asks: {}, updatedAt: now });
}

/** An error as a header keeps it. Of a defect of ours the message is kept too: it is the app's author who reads it. */
export function failureOf(error: TidegateError): Failure {
  const { code, message, field, expected, hint } = error;
  return {
    code,
    message: clipped(message, 4_000),
    ...(field === null ? {} : { field }),
    ...(expected === null ? {} : { expected }),
    ...(hint === null ? {} : { hint }),
  };
}

/** At most so many UTF-16 units, with no half of a character left at the cut, which is no text to some clients. */
function clipped(text: string, most: number): string {
  return text.slice(0, most).toWellFormed();
}

/** The answer to a question, as it is remembered. */
export type Answered = Answer<JsonObject>;
