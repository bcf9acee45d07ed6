/**
 * `tidegate tasks`: shows, cancels and retries the tasks in the store that the environment names. It works on no task
 * itself: a task that is retried becomes due, and the next runner or schedule takes it up.
 */
import { readNodeConfig } from '../../platforms/node-config.ts';
import { readDecimal } from '../../../base/number-text.ts';
import { TidegateError } from '../../../base/errors.ts';
import { knownName } from '../../../base/known-names.ts';
import { PUBLIC, type Principal, safePrincipal } from '../../../base/principal.ts';
import type { TaskDeps } from '../../../tasks/records/find-task.ts';
import type { TaskStatus } from '../../../tasks/records/header.ts';
import { hasEnded } from '../../../tasks/records/header.ts';
import { listTasks } from '../../../tasks/records/list.ts';
import { cancelTask, getTask } from '../../../tasks/work/requests.ts';
import { retryTask } from '../../../tasks/work/retry.ts';
import { createLog } from '../../log.ts';
import { tellMisspelt } from '../../misspelt.ts';
import { nodeRuntime } from '../../node/runtime.ts';
import { openNodeStore } from '../../node/store.ts';
import type { CommandCall } from '../kit/command.ts';
import { readArguments, unknownWord } from '../kit/arguments.ts';
import { linesOfList, linesOfTask, redrawn } from './tasks-print.ts';
import { withTasks } from '../../task-deps.ts';
import { taskView } from '../../../operate/work/task-view.ts';
import { TASK_COMMANDS } from '../kit/usage.ts';
import { jsonText } from '../../../base/plain.ts';

const STATUSES: readonly TaskStatus[] = ['working', 'input_required', 'completed', 'failed', 'cancelled'];
/** Of this release, with the mark of its owner, and of those before. */
const TASK_ID = /^[\w-]{22}(?:[\da-f]{8})?$/;
const WATCH_EVERY_MS = 500;
const PAGE = 100;
const MOST_LISTED = 10_000;

const OPTIONS = {
  app: { type: 'string' },
  status: { type: 'string' },
  limit: { type: 'string', default: '20' },
  subject: { type: 'string', default: PUBLIC.subject },
  tenant: { type: 'string', default: PUBLIC.tenant },
  watch: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const;

interface TaskOptions {
  app?: string;
  status?: string;
  limit: string;
  subject: string;
  tenant: string;
  watch: boolean;
  json: boolean;
}

/** Answers the exit status. @throws TidegateError for an id that is wrong, a store that cannot be reached, an app that is none. */
export async function tasksCommand({ args, loadApp, environment, misused }: CommandCall): Promise<number> {
  // An id may begin with a dash, and is no option then.
  const ids = args.slice(1, 2).filter((arg) => TASK_ID.test(arg));
  const read = readArguments(
    args.filter((_, place) => place !== 1 || ids.length === 0),
    OPTIONS,
    'tasks',
  );
  if (read.wrong !== null) return misused(read.wrong);
  const values = read.values as unknown as TaskOptions;
  const [verb, ...words] = read.positionals;
  if (verb === undefined) return misused(`tasks needs one of ${TASK_COMMANDS.join(', ')}`);
  if (!TASK_COMMANDS.some((known) => known === verb)) return misused(unknownWord(verb, TASK_COMMANDS, null));
  const [taskId, ...rest] = [...ids, ...words];
  const isList = verb === 'list';
  const extra = isList ? taskId : rest[0];
  if (extra !== undefined) return misused(unknownWord(extra, [], `tasks ${verb}`));
  if (!isList && taskId === undefined) return misused(`tasks ${verb} needs the id of a task: tidegate tasks list`);
  const limit = readDecimal(values.limit) ?? Number.NaN;
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST_LISTED) {
    return misused(`--limit ${values.limit}: expected a whole number from 1 to ${MOST_LISTED}`);
  }
  const status = STATUSES.find((each) => each === values.status) ?? null;
  if (values.status !== undefined && status === null) {
    return misused(`--status ${values.status}: expected ${knownName(values.status, STATUSES, 'statuses')}`);
  }

  const config = readNodeConfig(environment);
  const app = await loadApp(values.app ?? null);
  const runtime = nodeRuntime(createLog(config.logLevel, { plain: process.stderr.isTTY }));
  tellMisspelt(config, app, runtime.log);
  const store = await openNodeStore(config, runtime, app.name);
  const deps = withTasks({ app, store, runtime });
  const principal = await safePrincipal({ ...PUBLIC, tenant: values.tenant, subject: values.subject });
  try {
    if (taskId === undefined) await list(deps, principal, { status, limit, json: values.json });
    else if (verb === 'show') await show(deps, principal, taskId, values);
    else if (verb === 'cancel') await cancel(deps, principal, taskId);
    else await retry(deps, principal, taskId);
    return 0;
  } finally {
    await store.close();
  }
}

async function list(
  deps: TaskDeps,
  principal: Principal,
  { status, limit, json }: { status: TaskStatus | null; limit: number; json: boolean },
): Promise<void> {
  const found: Awaited<ReturnType<typeof listTasks>>['tasks'] = [];
  for (let after: string | null = ''; after !== null && found.length < limit;) {
    const page: Awaited<ReturnType<typeof listTasks>> = await listTasks(deps, principal, {
      limit: PAGE,
      ...(after === '' ? {} : { after }),
      ...(status === null ? {} : { status }),
    });
    found.push(...page.tasks);
    after = page.next;
  }
  const tasks = found.slice(0, limit);
  if (json) for (const { taskId, header } of tasks) console.log(jsonText({ taskId, ...header }));
  else for (const line of linesOfList(tasks, deps.runtime.now(), deps.app.name)) console.log(line);
}

/** Shows a task once, or again and again until it has ended. A terminal is drawn anew each time; elsewhere only what is new is printed. */
async function show(
  deps: TaskDeps,
  principal: Principal,
  taskId: string,
  { watch, json }: { watch: boolean; json: boolean },
): Promise<void> {
  const seen = new Set<string>();
  let drawn = 0;
  for (;;) {
    const view = await taskView(deps, principal, taskId);
    const now = deps.runtime.now();
    if (json) {
      const text = jsonText(view);
      if (!seen.has(text)) console.log(text);
      seen.add(text);
    } else if (watch && process.stdout.isTTY) {
      const lines = linesOfTask(view, now);
      process.stdout.write(redrawn(lines, drawn));
      drawn = lines.length;
    } else {
      // A time that passes is no news.
      for (const line of linesOfTask(view, watch ? null : now)) {
        if (!seen.has(line)) console.log(line);
        seen.add(line);
      }
    }
    if (!watch || hasEnded(view.header)) return;
    await deps.runtime.sleep(WATCH_EVERY_MS);
  }
}

async function cancel(deps: TaskDeps, principal: Principal, taskId: string): Promise<void> {
  if (await cancelTask(deps, principal, taskId, deps.runtime.now() + 30_000)) {
    console.log(`${taskId} is cancelled`);
    return;
  }
  const { status } = await getTask(deps, principal, taskId);
  throw new TidegateError('invalid_input', `the task ${taskId} has ended already: ${status}`, {
    field: 'ID',
    expected: 'the id of a task that has not ended',
  });
}

async function retry(deps: TaskDeps, principal: Principal, taskId: string): Promise<void> {
  const retried = await retryTask(deps, principal, taskId);
  console.log(`${taskId} is tried again as ${retried.taskId}`);
}
