/**
 * The header of a task in the form that 2025-11-25 has on the wire. A result that says what went wrong makes a task `failed`
 * there; the extension of 2026-07-28 calls it `completed`. Pure.
 */
import { inLines } from '../../base/plain.ts';
import { shortened } from '../../base/text.ts';
import type { WireRequest } from '../../declare/ask.ts';
import type { ToolResult } from '../../declare/check/tool-result.ts';
import { hasEnded, type Header } from '../../tasks/records/header.ts';
import { failureText } from '../wire/errors.ts';
import { failureError, pollIntervalMs } from './view.ts';

export interface LegacyTask {
  taskId: string;
  status: Header['status'];
  statusMessage?: string;
  /** ISO 8601, like `lastUpdatedAt`. */
  createdAt: string;
  lastUpdatedAt: string;
  /** From `createdAt` on, ms. It is that of the declaration, whatever the client asked for. */
  ttl: number;
  /** Absent once the task has ended, ms. */
  pollInterval?: number;
}

/** The answer to `tools/call` with `task`. */
export interface CreatedLegacyTask {
  task: LegacyTask;
  _meta: Readonly<Record<string, unknown>>;
}

/** The key of `_meta` that says which task a message belongs to. */
const RELATED_TASK = 'io.modelcontextprotocol/related-task';
/** The key of `_meta` under which a host finds what it tells its model at once. */
const MODEL_RESPONSE = 'io.modelcontextprotocol/model-immediate-response';
/** Longest `statusMessage`, in characters. */
const MESSAGE_CHARACTERS = 1_000;

export function relatedTask(taskId: string): Record<string, { taskId: string }> {
  return { [RELATED_TASK]: { taskId } };
}

export function legacyTask(taskId: string, header: Header, now: number): LegacyTask {
  const { createdAt, updatedAt, ttlMs } = header;
  const message = messageOf(taskId, header);
  return {
    taskId,
    status: legacyStatus(header),
    ...(message === null ? {} : { statusMessage: shortened(message, MESSAGE_CHARACTERS).toWellFormed() }),
    createdAt: new Date(createdAt).toISOString(),
    lastUpdatedAt: new Date(updatedAt).toISOString(),
    ttl: ttlMs,
    ...(hasEnded(header) ? {} : { pollInterval: pollIntervalMs(header, now) }),
  };
}

/** @param told what a model is told while the task goes on */
export function createdLegacyTask(taskId: string, header: Header, now: number, told: string): CreatedLegacyTask {
  return { task: legacyTask(taskId, header, now), _meta: { ...relatedTask(taskId), [MODEL_RESPONSE]: told } };
}

function legacyStatus({ status, result }: Pick<Header, 'status' | 'result'>): Header['status'] {
  return status === 'completed' && result?.isError === true ? 'failed' : status;
}

/** Several clients never ask for the result of a task that failed, and show this instead. */
function messageOf(taskId: string, header: Header): string | null {
  const { status, result, asks, message } = header;
  if (status === 'failed') return failureText(failureError(header), taskId);
  if (status === 'completed') return result?.isError === true ? textOf(result) : message;
  if (status !== 'input_required') return message;
  return inLines([...(message === null ? [] : [message]), ...Object.values(asks).map(questionText)]);
}

function questionText({ method, params }: WireRequest): string {
  return typeof params['message'] === 'string' ? params['message'] : method;
}

function textOf({ content }: ToolResult): string | null {
  const texts = content.flatMap((block) => (block.type === 'text' ? [block.text] : []));
  return texts.length === 0 ? null : texts.join('\n');
}
