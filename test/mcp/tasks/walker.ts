/**
 * A model that begins a task and is given one half of each answer. It goes on by the calls that the half prints, the first of
 * them, at the time that it prints. Only what a person says does it put in: in place of null in an answer.
 */
import { PUBLIC } from '../../../src/base/principal.ts';
import type { JsonObject } from '../../../src/base/json.ts';
import type { Caller } from '../../../src/calls/caller.ts';
import type { Task } from '../../../src/declare/task.ts';
import { createRegistry } from '../../../src/mcp/registry/registry.ts';
import { tasksExtension } from '../../../src/mcp/tasks/extension.ts';
import { BY_SCHEDULE } from '../../../src/tasks/records/dispatch.ts';
import { createTasks } from '../../../src/tasks/work/service.ts';
import { NO_STATES } from '../../calls/states.ts';
import { taskStage } from '../../tasks/stage.ts';
import { byStructure, byText, type Call, type Reader } from '../../tools/walk.ts';
import { completed } from '../registry/completed.ts';

/** What one half of an answer says. */
export interface Heard {
  said: string;
  calls: Map<string, Call>;
  isError: boolean;
}

/** A kind of client, by what it gives its model. */
export interface HalfOf {
  read: Reader;
  of: (answer: { text: string; structured: JsonObject }) => string;
}

export const HALVES: Readonly<Record<string, HalfOf>> = {
  text: { read: byText(() => false), of: ({ text }) => text },
  'structured content': { read: byStructure('none'), of: ({ structured }) => JSON.stringify(structured) },
};

const MOST_CALLS = 80;

export function walker(tasks: Record<string, Task>, { read, of }: HalfOf) {
  const stage = taskStage(tasks);
  const deps = { ...stage.tasks, runtime: { ...stage.deps.runtime, sleep: untilAborted } };
  const extension = tasksExtension(createTasks(stage.tasks, BY_SCHEDULE), deps);
  const registry = createRegistry({ ...deps, streamsFor, requestStates: NO_STATES }, [extension]);
  const caller: Caller = {
    principal: PUBLIC,
    account: { store: stage.store },
    signal: new AbortController().signal,
    deadline: stage.clock.now + 86_400_000,
    clientCapabilities: null,
    retry: null,
    meta: {},
    log: () => {},
    progress: () => {},
    emit: () => {},
  };

  async function call({ tool, arguments: given, afterMs }: Call): Promise<Heard> {
    if (afterMs !== undefined) stage.clock.now += afterMs;
    await stage.work();
    const answer = completed(await registry.tools.call(tool, given, caller));
    const text = answer.content.map((block) => (block.type === 'text' ? block.text : '')).join('\n');
    const halves = { text, structured: (answer.structuredContent ?? {}) as JsonObject };
    return { said: of(halves), calls: read(halves).calls, isError: answer.isError ?? false };
  }

  /**
   * Goes on from a call for as long as there is another, or until a call for `until` is printed.
   * @param says the person, by question and field
   */
  async function walk(first: Call, says: Says = {}, until?: string): Promise<Heard[]> {
    const heard = [await call(first)];
    for (;;) {
      const { calls } = lastOf(heard);
      const [next] = calls.values();
      if (next === undefined || (until !== undefined && calls.has(until))) return heard;
      if (heard.length === MOST_CALLS) throw new Error(`${first.tool} does not end`);
      heard.push(await call(filled(next, says)));
    }
  }

  return { call, walk };
}

export type Says = Readonly<Record<string, unknown>>;

export function lastOf(heard: readonly Heard[]): Heard {
  const last = heard.at(-1);
  if (last === undefined) throw new Error('nothing was heard');
  return last;
}

interface Given {
  key: string;
  content?: { field: string; value: unknown }[];
}

/** The same call with what the person says. */
export function filled(call: Call, says: Says): Call {
  const { answers } = call.arguments as { answers?: Given[] };
  if (answers === undefined) return call;
  const each = answers.map(({ key, content, ...rest }) => ({
    key,
    ...rest,
    ...(content && {
      content: content.map(({ field, value }) => ({ field, value: says[`${key}.${field}`] ?? value })),
    }),
  }));
  return { ...call, arguments: { ...call.arguments, answers: each } };
}

/** The registry watches the caller's deadline by sleeping up to it. */
function untilAborted(_ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal?.addEventListener('abort', () => resolve()));
}

/** The tools of tasks read no streams. */
function streamsFor(): never {
  throw new Error('nothing here reads streams');
}
