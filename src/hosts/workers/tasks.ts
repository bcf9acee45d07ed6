/**
 * Who works on tasks on Cloudflare Workers: a queue where one is bound as `TASKS`, else the invocation that began or
 * answered the task, for as long as the platform lets it go on. What either loses, the cron trigger finds.
 */
import { waitUntil } from 'cloudflare:workers';
import { asTidegateError } from '../../base/errors.ts';
import type { Dispatch } from '../../tasks/records/dispatch.ts';
import type { TaskDeps } from '../../tasks/records/find-task.ts';
import { isTaskId } from '../../tasks/records/names.ts';
import { pursueTask } from '../../tasks/work/pursue.ts';
import { TASK_LEASE_MS } from '../../tasks/work/run-due.ts';

/** What is sent through the queue: a hint, and nothing of the task itself. */
export interface TaskMessage {
  tenant: string;
  taskId: string;
}

/** A producer of Cloudflare Queues, as far as it is used. */
export interface TaskQueue {
  send(message: TaskMessage, options?: { delaySeconds?: number }): Promise<unknown>;
}

/** A message of Cloudflare Queues, as far as it is used. */
export interface QueuedMessage {
  body: unknown;
  /** Which delivery of it this is, from 1 on. */
  attempts: number;
  ack(): void;
  retry(options?: { delaySeconds?: number }): void;
}

export interface TaskBatch {
  messages: readonly QueuedMessage[];
}

/** How long an invocation goes on after its answer; the platform ends it at 30 s. */
const BACKGROUND_MS = 25_000;
/** How long a batch is worked on; the platform ends it after 15 minutes. */
const BATCH_MS = 10 * 60_000;
/** The longest delay that a message can have, s. */
const MOST_DELAY_S = 43_200;
/** The longest pause before a message that the store broke comes again, s; the first is 2 s, and each twice the last. */
const MOST_PAUSE_S = 60;

export function taskQueueOf({ TASKS }: Record<string, unknown>): TaskQueue | null {
  return typeof TASKS === 'object' && TASKS !== null && 'send' in TASKS ? (TASKS as TaskQueue) : null;
}

export function dispatchThrough(deps: TaskDeps, queue: TaskQueue | null): Dispatch {
  const { runtime } = deps;
  const inBackground = (taskId: string, work: Promise<unknown>) =>
    waitUntil(
      work.catch((thrown: unknown) => {
        const { code, message } = asTidegateError(thrown);
        runtime.log('warn', 'a task was not worked on; the schedule finds it', { taskId, code, message });
      }),
    );
  if (queue !== null) {
    const send = async (message: TaskMessage) => queue.send(message);
    return {
      leaseMs: () => null,
      wake: (tenant, taskId) => inBackground(taskId, send({ tenant, taskId })),
    };
  }
  return {
    leaseMs: () => TASK_LEASE_MS,
    wake(tenant, taskId, claim) {
      inBackground(taskId, pursueTask(deps, tenant, taskId, claim, runtime.now() + BACKGROUND_MS));
    },
  };
}

/** Works on the tasks of a batch. One that goes on later is sent again for then; one that the store broke comes back. */
export async function workOnBatch(deps: TaskDeps, queue: TaskQueue | null, { messages }: TaskBatch): Promise<void> {
  const { runtime } = deps;
  const deadline = runtime.now() + BATCH_MS;
  await Promise.all(
    messages.map(async (message) => {
      const body = readMessage(message.body);
      if (body === null) {
        runtime.log('warn', 'a message of the queue of tasks is none of ours');
        return message.ack();
      }
      try {
        const { tenant, taskId } = body;
        const dueAt = await pursueTask(deps, tenant, taskId, null, deadline);
        if (dueAt !== null && queue !== null) {
          const delaySeconds = Math.min(MOST_DELAY_S, Math.max(0, Math.ceil((dueAt - runtime.now()) / 1_000)));
          await queue.send(body, { delaySeconds });
        }
        message.ack();
      } catch (thrown) {
        const { code, message: text } = asTidegateError(thrown);
        runtime.log('warn', 'a task was not worked on; it is tried again', {
          taskId: body.taskId,
          code,
          message: text,
        });
        sendBack(message);
      }
    }),
  );
}

/** A message comes again after a pause that grows, until the queue gives it up; then the schedule finds its task. */
export function sendBack(message: QueuedMessage): void {
  message.retry({ delaySeconds: Math.min(MOST_PAUSE_S, 2 ** message.attempts) });
}

function readMessage(body: unknown): TaskMessage | null {
  if (typeof body !== 'object' || body === null) return null;
  const { tenant, taskId } = body as Partial<Record<keyof TaskMessage, unknown>>;
  if (typeof tenant !== 'string' || typeof taskId !== 'string') return null;
  // A tenant is part of names in the store as a task's id is, and no longer.
  return isTaskId(tenant) && isTaskId(taskId) ? { tenant, taskId } : null;
}
