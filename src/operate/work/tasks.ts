/**
 * Tasks of a tenant, whoever began them. The command `tidegate tasks` lists, shows, cancels and retries them in its own way, and watches;
 * here are the same as tools, and answers to what a task asks.
 */
import * as z from 'zod';
import { TidegateError } from '../../base/errors.ts';
import { APP_TENANT, type Principal } from '../../base/principal.ts';
import { EVERY_SCOPE } from '../../base/scopes.ts';
import { isoTime } from '../../base/time/time-text.ts';
import { headerKey, taskHeader } from '../../tasks/records/header.ts';
import { listTasks } from '../../tasks/records/list.ts';
import { answerTask, cancelTask, unknownTask } from '../../tasks/work/requests.ts';
import { retryTask } from '../../tasks/work/retry.ts';
import { type OperateContext, operatorAction } from '../action.ts';
import { ago, table } from '../table.ts';
import { taskView } from './task-view.ts';

const STATUSES = ['working', 'input_required', 'completed', 'failed', 'cancelled'] as const;
const PAGE = 100;
const TaskId = z.string().min(1).max(64).describe('Id of a task');

const Row = z.object({
  task: z.string().describe('Its id'),
  name: z.string(),
  status: z.enum(STATUSES),
  subject: z.string(),
  createdAt: z.string(),
  message: z.string().nullable(),
});

export const tasksList = operatorAction({
  noun: 'tasks',
  verb: 'list',
  description: 'The newest tasks of a caller, with how they are.',
  input: z.strictObject({
    subject: z.string().min(1).max(256).default(APP_TENANT).describe('Whose; of a key, its name'),
    status: z.enum(STATUSES).optional().describe('Only of this status'),
    limit: z.number().int().min(1).max(1_000).default(20).describe('How many'),
  }),
  only: 'tool',
  output: z.object({ tasks: z.array(Row) }),
  effect: 'reads',
  each: 'tasks',
  async run({ subject, status, limit }, { deps, tenant, deadline }) {
    const tasks = [];
    for (
      let after: string | null | undefined;
      after !== null && tasks.length < limit && deps.runtime.now() < deadline;
    ) {
      const more = { ...(after === undefined ? {} : { after }), ...(status === undefined ? {} : { status }) };
      const page: Awaited<ReturnType<typeof listTasks>> = await listTasks(
        deps,
        { tenant, subject },
        { limit: PAGE, ...more },
      );
      for (const { taskId, header } of page.tasks) {
        const { task: name, status: now, createdAt, message } = header;
        tasks.push({ task: taskId, name, status: now, subject, createdAt: isoTime(createdAt), message });
      }
      after = page.next;
    }
    return { tasks: tasks.slice(0, limit) };
  },
  lines({ tasks }, now, width) {
    if (tasks.length === 0) return ['There are no such tasks.'];
    const rows = tasks.map(({ task, name, status, createdAt, message }) => [
      task,
      name,
      status,
      ago(Date.parse(createdAt), now),
      message ?? '',
    ]);
    return table([['ID', 'TASK', 'STATUS', 'AGE', 'MESSAGE'], ...rows], width);
  },
});

export const tasksShow = operatorAction({
  noun: 'tasks',
  verb: 'show',
  description: 'A task with its steps, what failed, and what it asks.',
  input: z.strictObject({ task: TaskId }),
  only: 'tool',
  output: Row.extend({
    run: z.object({ state: z.string(), at: z.string(), failures: z.number(), lost: z.number() }).nullable(),
    asks: z.array(z.string()).describe('Keys of its open questions'),
    steps: z.array(
      z.object({ name: z.string(), state: z.string(), failures: z.number(), error: z.string().nullable() }),
    ),
    failure: z.string().nullable(),
  }),
  effect: 'reads',
  async run({ task }, context) {
    const owner = await ownerOf(context, task);
    const { header, run, steps } = await taskView(context.deps, owner, task);
    return {
      task,
      name: header.task,
      status: header.status,
      subject: owner.subject,
      createdAt: isoTime(header.createdAt),
      message: header.message,
      run: run && { ...run, at: isoTime(run.at) },
      asks: Object.keys(header.asks),
      steps: steps.map(({ name, state, failures, error }) => ({ name, state, failures, error })),
      failure: header.failure === null ? null : header.failure.message,
    };
  },
  lines: ({ task, name, status, subject, message, asks, steps, failure }) => [
    `${task}  ${name} of ${subject}: ${status}${message === null ? '' : `, ${message}`}`,
    ...(asks.length === 0 ? [] : [`  asks ${asks.join(', ')}`]),
    ...(failure === null ? [] : [`  ${failure}`]),
    ...steps.map((step) => `  ${step.state} ${step.name}${step.error === null ? '' : `: ${step.error}`}`),
  ],
});

const Changed = z.object({
  task: z.string(),
  now: z.string().describe('The task that stands for it now'),
  done: z.string(),
});

export const tasksCancel = operatorAction({
  noun: 'tasks',
  verb: 'cancel',
  description: 'Ends a task that has not ended, whatever it does.',
  input: z.strictObject({ task: TaskId }),
  only: 'tool',
  output: Changed,
  effect: 'destroys',
  async run({ task }, context) {
    const ended = await cancelTask(context.deps, await ownerOf(context, task), task, context.deadline);
    if (ended) return { task, now: task, done: 'cancelled' };
    throw new TidegateError('invalid_input', `the task ${task} has ended already`, {
      field: 'task',
      expected: 'a task that has not ended',
    });
  },
  lines: ({ task }) => [`${task} is cancelled`],
});

export const tasksRetry = operatorAction({
  noun: 'tasks',
  verb: 'retry',
  description: 'Begins a failed task again, with what had succeeded kept.',
  input: z.strictObject({ task: TaskId }),
  only: 'tool',
  output: Changed,
  effect: 'changes',
  async run({ task }, context) {
    const { taskId } = await retryTask(context.deps, await ownerOf(context, task), task);
    return { task, now: taskId, done: 'retried' };
  },
  lines: ({ task, now }) => [`${task} is tried again as ${now}`],
});

export const tasksAnswer = operatorAction({
  noun: 'tasks',
  verb: 'answer',
  description: 'Answers what a task asks, in place of the person whom it asks. All answers are stored, or none.',
  input: z.strictObject({
    task: TaskId,
    answer: z
      .array(z.string().min(3).max(10_000))
      .min(1)
      .max(20)
      .describe(
        'KEY=JSON, such as who={"name":"Ada"}, or KEY=decline, KEY=cancel; of a question with nothing to fill in, KEY=accept',
      ),
  }),
  words: ['task', 'answer'],
  output: z.object({
    task: z.string(),
    stored: z.array(z.string()),
    open: z.array(z.string()).describe('Questions that stand'),
  }),
  effect: 'changes',
  async run({ task, answer }, context) {
    const { deps, deadline } = context;
    const owner = await ownerOf(context, task);
    const answers = Object.fromEntries(answer.map(answerIn));
    const before = await headerOf(context, task);
    const unknown = Object.keys(answers).find((key) => !Object.hasOwn(before.asks, key));
    if (unknown !== undefined) {
      const open = Object.keys(before.asks);
      throw new TidegateError('invalid_input', `the task ${task} does not ask ${unknown}`, {
        field: 'answer',
        expected: open.length === 0 ? 'a task that asks something' : `one of its questions ${open.join(', ')}`,
      });
    }
    const stored = await answerTask(deps, owner, task, answers, deadline);
    return { task, stored: [...stored], open: Object.keys((await headerOf(context, task)).asks) };
  },
  lines: ({ task, stored, open }) => [
    `${task}: ${stored.length === 0 ? 'nothing was stored, since it was answered before' : `answered ${stored.join(', ')}`}`,
    ...(open.length === 0 ? [] : [`It still asks ${open.join(', ')}`]),
  ],
});

const ACTIONS_OF_ANSWERS: readonly string[] = ['accept', 'decline', 'cancel'];

function answerIn(text: string): [key: string, answer: unknown] {
  const at = text.indexOf('=');
  const [key, value] = [text.slice(0, at), text.slice(at + 1)];
  if (at < 1) throw wrongAnswer(text);
  if (ACTIONS_OF_ANSWERS.includes(value))
    return [key, value === 'accept' ? { action: value, content: {} } : { action: value }];
  try {
    const content: unknown = JSON.parse(value);
    if (typeof content === 'object' && content !== null && !Array.isArray(content))
      return [key, { action: 'accept', content }];
  } catch {
    // It is told below.
  }
  throw wrongAnswer(text);
}

function wrongAnswer(text: string): TidegateError {
  return new TidegateError('invalid_input', `${text.slice(0, 80)} is no answer`, {
    field: 'answer',
    expected: 'KEY={…} with an object of JSON, or KEY=accept, KEY=decline or KEY=cancel',
  });
}

async function headerOf({ deps, tenant }: OperateContext, taskId: string) {
  const header = taskHeader.read(await deps.store.get(headerKey(tenant, taskId), deps.runtime.now()));
  if (header === null) throw unknownTask(taskId);
  return header;
}

/** An operator may do what the task's owner may. @throws TidegateError `not_found` */
async function ownerOf(context: OperateContext, taskId: string): Promise<Principal> {
  const { principal } = await headerOf(context, taskId);
  return { ...principal, scopes: [EVERY_SCOPE] };
}
