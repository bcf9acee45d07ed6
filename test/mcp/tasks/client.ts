/** What the tests of tasks ask over HTTP, as a client that knows tasks does. */
import { expect } from 'vitest';
import type { DetailedTask } from '../../../src/mcp/tasks/view.ts';
import type { Change, Served } from '../served.ts';
import { KNOWS } from './task-app.ts';

export interface Answered {
  status: number;
  result?: Record<string, unknown>;
  error?: { code: number; message: string; data?: Record<string, unknown> };
}

export async function ask(served: Served, method: string, params: object, change: Change = KNOWS): Promise<Answered> {
  const response = await served.call(method, params, change);
  const { result, error } = (await response.json()) as Omit<Answered, 'status'>;
  return { status: response.status, ...(result ? { result } : {}), ...(error ? { error } : {}) };
}

export async function callTool(
  served: Served,
  name: string,
  args: object = {},
  change: Change = KNOWS,
): Promise<Answered> {
  return ask(served, 'tools/call', { name, arguments: args }, change);
}

/** Begins a task, and answers its id. */
export async function begin(served: Served, name: string, args: object = {}): Promise<string> {
  const { result } = await callTool(served, name, args);
  if (result?.['resultType'] !== 'task') throw new Error(`no task: ${JSON.stringify(result)}`);
  return String(result['taskId']);
}

export async function getTask(served: Served, taskId: string): Promise<DetailedTask> {
  const { result, error } = await ask(served, 'tasks/get', { taskId });
  if (!result) throw new Error(`no task: ${JSON.stringify(error)}`);
  return result as unknown as DetailedTask;
}

/** Asks until the task is in this state. */
export async function reach(served: Served, taskId: string, status: DetailedTask['status']): Promise<DetailedTask> {
  let task = await getTask(served, taskId);
  await expect
    .poll(async () => (task = await getTask(served, taskId)).status, { interval: 60, timeout: 5_000 })
    .toBe(status);
  return task;
}

export function accept(content: object): object {
  return { action: 'accept', content };
}

/** The first text of a tool's result. */
export function textOf({ result }: Answered): string {
  const [first] = (result?.['content'] ?? []) as { text?: string }[];
  return first?.text ?? '';
}
