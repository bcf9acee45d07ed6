/**
 * A call of a task's tool, with checked arguments: it prepares the task, begins it, and answers in the way that the
 * caller can take. A refusal comes before anything is stored.
 */
import type { Task } from '../../declare/task.ts';
import type { ToolResult } from '../../declare/check/tool-result.ts';
import { TidegateError } from '../../base/errors.ts';
import type { Json } from '../../base/json.ts';
import { type InputRequired, isInputRequired } from '../../calls/question-round.ts';
import { inAskingContext } from '../../calls/context.ts';
import type { HandlerDeps } from '../../calls/deps.ts';
import type { Tasks } from '../../tasks/work/service.ts';
import type { Caller } from '../../calls/caller.ts';
import { knowsTasks, needsTasks } from './capability.ts';
import { handleResult } from './handle.ts';
import { type CreatedLegacyTask, createdLegacyTask } from './legacy-view.ts';
import type { See } from './seen-task.ts';
import { type CreatedTask, createdTask } from './view.ts';
import { waitForEnd } from './wait.ts';

/** A key of `_meta`, a text of 1 to 512 bytes. Calls of a tool with the same key by one principal are one task. */
const IDEMPOTENCY_META = 'io.tidegate/idempotencyKey';

interface Begun {
  name: string;
  task: Task;
  args: unknown;
  input: unknown;
  see: See;
  /** The scopes that the call needed. */
  needs: readonly string[];
  /** False: it comes with the server, and asks nothing. */
  mayAsk: boolean;
}

/**
 * @param tasks counts its store calls on the account of the call
 * @param args as the caller sent them; `input` is what the task's schema made of them
 * @throws TidegateError `missing_capability` and `not_supported` where the caller has to know tasks and does not;
 * `invalid_input`; whatever `prepare` throws
 */
export async function callTask(
  deps: HandlerDeps,
  tasks: Tasks,
  { name, task, args, input, see, needs, mayAsk }: Begun,
  caller: Caller,
): Promise<ToolResult | InputRequired | CreatedTask | CreatedLegacyTask> {
  const { runtime } = deps;
  const knows = knowsTasks(caller) || caller.asTask === true;
  if (!knows && task.otherwise === 'refuse') throw needsTasks(name, caller);
  const once = keyIn(caller) ?? task.idempotencyKey?.(input as never) ?? null;
  const { prepare } = task;
  const { principal, deadline } = caller;
  const calledWith = asJson(input, name);
  // A task that has begun is not prepared again, so that nobody is asked twice.
  const earlier = prepare && once !== null ? await tasks.begun(principal, name, once, calledWith) : null;
  const asked = { method: 'tools/call' as const, name, args, once: true };
  const ready =
    prepare && !earlier
      ? await inAskingContext(deps, caller, asked, (context) => prepare(input as never, context))
      : input;
  if (isInputRequired(ready)) return ready;

  const session = caller.legacy?.session ?? null;
  const begin = () => tasks.begin(principal, name, asJson(ready, name), { once, calledWith, needs, session, deadline });
  const { taskId, header } = earlier ?? (await begin());
  if (caller.asTask)
    return createdLegacyTask(taskId, header, runtime.now(), told(handleResult(see(taskId, header), mayAsk)));
  if (knows) return createdTask(taskId, header, runtime.now());
  if (task.otherwise === 'handle') return handleResult(see(taskId, header), mayAsk);
  return waitForEnd(deps, tasks, { taskId, header, task, isShared: once !== null }, caller);
}

/** The words of a result. */
function told({ content }: ToolResult): string {
  return content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('\n');
}

function keyIn({ meta }: Caller): string | null {
  const key = meta[IDEMPOTENCY_META];
  if (key === undefined || typeof key === 'string') return key ?? null;
  throw new TidegateError('invalid_input', `_meta.${IDEMPOTENCY_META} is no text`, {
    field: `_meta.${IDEMPOTENCY_META}`,
    expected: 'a text of 1 to 512 bytes',
  });
}

/** The input as it comes back from the store, where fields without a value are gone.
 * @throws TidegateError `invalid_config` for an input that is more than JSON */
function asJson(input: unknown, name: string): Json {
  if (input !== undefined && isJson(input)) return JSON.parse(JSON.stringify(input)) as Json;
  throw new TidegateError('invalid_config', `the input of ${name} is more than JSON, which is all that a store keeps`, {
    field: `tasks.${name}.input`,
    expected: 'a schema whose output is JSON; turn texts into dates and the like in `run`',
  });
}

function isJson(value: unknown): boolean {
  if (Array.isArray(value)) return Array.from(value).every((item) => item !== undefined && isJson(item));
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null)
    return ['string', 'boolean', 'undefined', 'object'].includes(typeof value);
  const prototype: unknown = Object.getPrototypeOf(value);
  return (prototype === Object.prototype || prototype === null) && Object.values(value).every(isJson);
}
