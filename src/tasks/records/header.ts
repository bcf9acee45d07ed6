/**
 * A task's header: all that `tasks/get` answers, in one record. What the task was called with is a record beside it. Whoever
 * changes a header puts it in place of the version that it read.
 */
import type { WireRequest } from '../../declare/ask.ts';
import type { ToolResult } from '../../declare/check/tool-result.ts';
import type { ErrorCode } from '../../base/errors.ts';
import type { Principal } from '../../base/principal.ts';
import { record } from '../../store/record.ts';
import type { RecordKey } from '../../store/store.ts';
import { headerSchema } from './header-schema.ts';
import { taskPartition } from './names.ts';

export function headerKey(tenant: string, taskId: string): RecordKey {
  return { partition: taskPartition(tenant, taskId), id: 'header' };
}

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
  /** Epoch ms at which it fails, if it has not ended by then. */
  endsBy: number;
  /** Questions that wait for an answer, by the key that they were asked under. */
  asks: Record<string, WireRequest>;
  result: ToolResult | null;
  /** How many pages its result has. */
  pages: number;
  failure: Failure | null;
  /** The id of the first task of a chain of retries, or its own. Idempotency keys of steps are made of it. */
  origin: string;
  /** The scopes that the call needed which began it; so does whoever reads what came of it. Absent: none are known. */
  needs?: string[] | undefined;
  /** The session of 2025-11-25 in which it was begun, whose streams tell of it. Absent: none. */
  session?: string | undefined;
}

export const taskHeader = record<Header>('header of a task', headerSchema);

/** How long the header stays after `ttlMs` is over, so that the task's end can still be written and read, ms. */
export const KEPT_MS = 3_600_000;
/** How long a failed task stays: it is a dead letter, and can be retried as long, ms. */
const KEPT_FAILED_MS = 30 * 86_400_000;

export function hasEnded({ status }: Pick<Header, 'status'>): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled';
}

/** Epoch ms until which the header stays, and the pages of the result. */
export function expiryOf({ createdAt, ttlMs, status, updatedAt }: Header): number {
  const kept = createdAt + ttlMs + KEPT_MS;
  return status === 'failed' ? Math.max(kept, updatedAt + KEPT_FAILED_MS) : kept;
}

/**
 * Epoch ms until which what is remembered stays, and what the task was called with: as long as its failure may be retried.
 * Without them a retry would do again what was done.
 */
export function rememberedUntil({ endsBy }: Pick<Header, 'endsBy'>): number {
  return endsBy + KEPT_MS + KEPT_FAILED_MS;
}
