/**
 * Tasks of 2025-11-25, as far as they concern other methods: who is told that there are any, which tools say that they can be
 * one, and which calls are. Earlier revisions know none; a client of theirs that asks for a task gets the result.
 */
import type { Server, Transport } from '@modelcontextprotocol/server';
import { INVALID_PARAMS, METHOD_NOT_FOUND } from '../../base/json-rpc.ts';
import type { Caller, LegacyClient } from '../../calls/caller.ts';
import type { ContentBlock } from '../../declare/content.ts';
import type { ListPage } from '../registry/pages.ts';
import type { ToolListing } from '../registry/tool-entry.ts';
import type { ToolRegistry } from '../registry/tools.ts';
import { isObject, type Params, wrongParameter } from '../wire/params.ts';
import { CORE_TASKS_VERSION } from '../wire/versions.ts';
import { asTask } from './caller.ts';
import { ProtocolError } from '../wire/protocol-error.ts';

type Tools = Pick<ToolRegistry, 'taskSupport'>;

export function hasTasks({ version }: Pick<LegacyClient, 'version'>): boolean {
  return version === CORE_TASKS_VERSION;
}

/**
 * Takes tasks out of what `initialize` answers to earlier revisions. Has to be called before the server is connected.
 * @param isKnown false: nobody knows who calls, so tasks are not listed
 */
export function declareTasks(server: Server, isKnown: boolean): void {
  const connect = server.connect.bind(server);
  server.connect = (transport: Transport) => {
    const send = transport.send.bind(transport);
    transport.send = (message, options) => {
      const { result } = message as { result?: unknown };
      if (!isObject(result) || !isObject(result['capabilities']) || !isObject(result['capabilities']['tasks'])) {
        return send(message, options);
      }
      const { tasks, ...others } = result['capabilities'];
      const { list, ...rest } = tasks;
      const version = String(result['protocolVersion']);
      const shown = hasTasks({ version }) ? { tasks: isKnown ? { list, ...rest } : rest } : {};
      return send({ ...message, result: { ...result, capabilities: { ...others, ...shown } } }, options);
    };
    return connect(transport);
  };
}

/** A page of tools with those marked whose calls can be tasks, for clients that know what that is. */
export function withTaskSupport(
  tools: Tools,
  page: ListPage<ToolListing>,
  { legacy }: Pick<Caller, 'legacy'>,
): ListPage<ToolListing> {
  if (!legacy || !hasTasks(legacy)) return page;
  const items = page.items.map((tool) => {
    const taskSupport = tools.taskSupport(tool.name);
    return taskSupport === 'forbidden' ? tool : { ...tool, execution: { taskSupport } };
  });
  return { ...page, items };
}

/**
 * The caller of a tool, who may ask for a task.
 * @throws ProtocolError -32601 where the tool cannot be one, or has to be; TidegateError `invalid_input`
 */
export function callerForTask(tools: Tools, name: string, { task }: Params, caller: Caller): Caller {
  const { legacy } = caller;
  if (!legacy || !hasTasks(legacy)) return caller;
  const taskSupport = tools.taskSupport(name);
  if (task === undefined) {
    if (taskSupport !== 'required') return caller;
    throw new ProtocolError(METHOD_NOT_FOUND, `${name} can be called as a task alone: send task: {} with the call`);
  }
  if (!isObject(task)) throw wrongParameter('task', 'an object');
  const { ttl } = task;
  if (ttl !== undefined && !(typeof ttl === 'number' && ttl >= 0)) throw wrongParameter('task.ttl', 'ms, 0 or more');
  if (taskSupport !== 'forbidden') return asTask(caller);
  throw new ProtocolError(METHOD_NOT_FOUND, `${name} cannot be called as a task: call it without task`);
}

/**
 * What a call that was to be a task is answered with: the task, or an error. Clients read such an answer as a task, and would hide
 * the words of a result.
 * @throws ProtocolError -32602 with the words of a result that is an error
 */
export function taskOrError(answer: object): object {
  const { isError, content } = answer as { isError?: boolean; content?: ContentBlock[] };
  if (isError !== true) return answer;
  const words = (content ?? []).flatMap((block) => (block.type === 'text' ? [block.text] : []));
  throw new ProtocolError(INVALID_PARAMS, words.join('\n'), { code: 'invalid_input' });
}
