/**
 * Works on what a queue brings: tasks, and logs of events that have changed. A message is a hint: one that is lost or doubled costs
 * at most one interval of the schedule. The shapes are those of Cloudflare Queues; another queue maps its messages to them.
 */
import { backoff } from '../base/backoff.ts';
import { asTidegateError } from '../base/errors.ts';
import { isSafeName } from '../base/safe-name.ts';
import type { WorkDeps } from '../calls/events/delivery-deps.ts';
import { runEventWork } from './event-work.ts';
import { isTaskId } from '../tasks/records/names.ts';
import { workOnTask } from '../tasks/work/work-on-task.ts';
import { followChanged } from '../tasks/waits/watch.ts';
import { scopeOf } from '../streams/scope.ts';

/** What is sent through the queue: a hint, and nothing of the task itself. */
export interface TaskMessage {
  tenant: string;
  taskId: string;
}

/** That something was appended to the log of a stream, or of a trigger as `trigger.<name>`, which others follow. */
export interface ChangeMessage {
  tenant: string;
  stream: string;
}

/** The sending end of a queue. */
export interface TaskQueue {
  send(message: TaskMessage | ChangeMessage, options?: { delaySeconds?: number }): Promise<unknown>;
}

/** A message of the queue. */
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

/** The longest delay that a message can have, s. */
const MOST_DELAY_S = 43_200;
/** The longest pause before a message comes again whose work the store broke off, s. The first is 2 s, and each is twice the last. */
const PAUSES = { firstMs: 1_000, mostMs: 60_000, steady: 1 };

/**
 * Works on the tasks of a batch, and on all that follows the logs which it names, until `deadline`, epoch ms. A task that goes on later is sent again for then, where there
 * is a queue to send to; a message whose task the store broke comes back.
 */
export async function workOnBatch(
  deps: WorkDeps,
  queue: TaskQueue | null,
  { messages }: TaskBatch,
  deadline: number,
): Promise<void> {
  const { runtime } = deps;
  const changes = messages.filter(({ body }) => readChange(body) !== null);
  await Promise.all([
    workOnChanges(deps, queue, changes, deadline),
    ...messages.map(async (message) => {
      if (changes.includes(message)) return;
      const body = readMessage(message.body);
      if (body === null) {
        runtime.log('warn', 'a message of the queue of tasks is none of ours');
        return message.ack();
      }
      try {
        const dueAt = await workOnTask(scopeOf(deps, body), body.taskId, null, deadline);
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
  ]);
}

/** One run for all of them. What is left is found by whoever comes next: the messages come back, or the schedule looks. */
async function workOnChanges(
  deps: WorkDeps,
  queue: TaskQueue | null,
  messages: readonly QueuedMessage[],
  deadline: number,
): Promise<void> {
  const places = messages.flatMap(({ body }) => readChange(body) ?? []);
  if (places.length === 0) return;
  const one = new Map(places.map((place) => [`${place.tenant} ${place.stream}`, place]));
  // Who appends in this run need not tell: all that follows runs behind it.
  const { changed: _told, ...quiet } = deps;
  /** Tasks that were begun, and those whose wait is over. */
  const begun: TaskMessage[] = [];
  const work = { ...quiet, begun: (tenant: string, taskId: string) => void begun.push({ tenant, taskId }) };
  const { error } = await runEventWork(work, deadline, [...one.values()]);
  await followChanged(work, [...one.values()], deadline, (task) => void begun.push(task));
  if (queue !== null) await sendAll(deps, queue, begun);
  for (const message of messages) {
    if (error === null) message.ack();
    else sendBack(message);
  }
}

/** Has tasks looked at. What cannot be sent is found by the schedule. */
async function sendAll({ runtime }: WorkDeps, queue: TaskQueue, tasks: readonly TaskMessage[]): Promise<void> {
  const sent = await Promise.allSettled(tasks.map(async (task) => queue.send(task)));
  const failed = sent.find(({ status }) => status === 'rejected');
  if (failed === undefined) return;
  const { message } = asTidegateError((failed as PromiseRejectedResult).reason);
  runtime.log('warn', `tasks that were begun or woken are left to the schedule: ${message}`);
}

/** A message comes again after a pause that grows, until the queue gives it up; then the schedule finds its task. */
export function sendBack(message: QueuedMessage): void {
  message.retry({ delaySeconds: backoff(PAUSES, message.attempts, 0) / 1_000 });
}

function readMessage(body: unknown): TaskMessage | null {
  if (typeof body !== 'object' || body === null) return null;
  const { tenant, taskId } = body as Partial<Record<keyof TaskMessage, unknown>>;
  if (typeof tenant !== 'string' || typeof taskId !== 'string') return null;
  // Both are parts of names in the store.
  return isSafeName(tenant) && isTaskId(taskId) ? { tenant, taskId } : null;
}

const MOST_STREAM_CHARACTERS = 80;

function readChange(body: unknown): ChangeMessage | null {
  if (typeof body !== 'object' || body === null) return null;
  const { tenant, stream } = body as Partial<Record<keyof ChangeMessage, unknown>>;
  if (typeof tenant !== 'string' || typeof stream !== 'string' || stream.length > MOST_STREAM_CHARACTERS) return null;
  return isSafeName(tenant) && /^[\w.-]+$/.test(stream) ? { tenant, stream } : null;
}
