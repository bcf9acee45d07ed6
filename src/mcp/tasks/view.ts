/** The header of a task in the form that the extension has on the wire. Pure. */
import type { ToolResult } from '../../declare/check/tool-result.ts';
import { TidegateError } from '../../base/errors.ts';
import type { JsonObject } from '../../base/json.ts';
import { type Failure, hasEnded, type Header } from '../../tasks/records/header.ts';
import { protocolAnswer } from '../wire/errors.ts';
import { linksToPages } from './pages.ts';

interface WireTask {
  taskId: string;
  status: Header['status'];
  statusMessage?: string;
  /** ISO 8601, like `lastUpdatedAt`. */
  createdAt: string;
  lastUpdatedAt: string;
  ttlMs: number;
  /** Absent once the task has ended. */
  pollIntervalMs?: number;
}

export type CreatedTask = { resultType: 'task' } & WireTask;

export interface DetailedTask extends WireTask {
  inputRequests?: Header['asks'];
  /** It has a `resultType` like the answer to an ordinary call. */
  result?: ToolResult & { resultType: 'complete' };
  error?: { code: number; message: string; data: JsonObject };
}

/** Shortest interval, for a task that has just begun. */
const LEAST_POLL_MS = 500;
const MOST_POLL_MS = 30_000;
/** While a person is asked. A client that has answered asks again by itself. */
const LEAST_ASKED_MS = 1_000;
const MOST_ASKED_MS = 10_000;
/** The interval is the time since the task began divided by this. */
const PART = 10;

/** How long a client should wait before it asks again, ms. It grows with the age of the task. */
export function pollIntervalMs({ status, createdAt, updatedAt }: Header, now: number): number {
  const [since, least, most] =
    status === 'input_required' ? [updatedAt, LEAST_ASKED_MS, MOST_ASKED_MS] : [createdAt, LEAST_POLL_MS, MOST_POLL_MS];
  return Math.min(most, Math.max(least, Math.round((now - since) / PART)));
}

export function createdTask(taskId: string, header: Header, now: number): CreatedTask {
  return { resultType: 'task', ...taskView(taskId, header, now) };
}

export function detailedTask(taskId: string, header: Header, now: number): DetailedTask {
  const view = taskView(taskId, header, now);
  const { status, asks } = header;
  if (status === 'input_required') return { ...view, inputRequests: asks };
  if (status === 'completed') return { ...view, result: { resultType: 'complete', ...resultOf(taskId, header) } };
  if (status === 'failed') {
    const { code, message, data } = protocolAnswer(failureError(header), taskId);
    return { ...view, error: { code, message, data } };
  }
  return view;
}

/** The result of a completed task, with links to its pages. */
export function resultOf(taskId: string, { result, pages }: Header): ToolResult {
  const answered: ToolResult = result ?? { content: [] };
  if (pages === 0) return answered;
  return {
    ...answered,
    content: [...answered.content, ...linksToPages(taskId, pages)],
    // A handle stands in place of a structured answer that is too large.
    structuredContent: answered.structuredContent ?? { task: taskId, status: 'completed', checkAfterMs: null, pages },
  };
}

/**
 * Why a task failed, as an error. Its code decides what is shown, so the words of a defect stay hidden here too; the
 * log has them beside the task's id, which is the reference.
 */
export function failureError({ failure }: Header): TidegateError {
  const { code, message, ...details }: Failure = failure ?? { code: 'internal', message: 'the task failed' };
  return new TidegateError(code, message, details);
}

function taskView(taskId: string, header: Header, now: number): WireTask {
  const { status, createdAt, updatedAt, ttlMs } = header;
  const message = status === 'failed' ? protocolAnswer(failureError(header), taskId).message : header.message;
  return {
    taskId,
    status,
    ...(message === null ? {} : { statusMessage: message }),
    createdAt: new Date(createdAt).toISOString(),
    lastUpdatedAt: new Date(updatedAt).toISOString(),
    ttlMs,
    ...(hasEnded(header) ? {} : { pollIntervalMs: pollIntervalMs(header, now) }),
  };
}
