/** An app over a pipe in this process, whose lines a test writes and reads. */
import { PUBLIC } from '../../../src/base/principal.ts';
import type { Secrets } from '../../../src/base/seal.ts';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { watchChanges } from '../../../src/calls/changes/kept.ts';
import type { App } from '../../../src/declare/app.ts';
import { composeRegistry } from '../../../src/hosts/serving.ts';
import { withTasks } from '../../../src/hosts/task-deps.ts';
import { createTestClock } from '../../../src/hosts/testing/clock.ts';
import { serveRegistryOverStdio } from '../../../src/mcp/pipe/stdio.ts';
import { taskStatuses } from '../../../src/mcp/tasks/notification.ts';
import { BY_SCHEDULE } from '../../../src/tasks/records/dispatch.ts';
import { createTasks } from '../../../src/tasks/work/service.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { START, type Sent } from '../listen/listening-host.ts';

const META = 'io.modelcontextprotocol/';

/** @param secrets null: nobody can be asked */
export function pipedApp(app: App, earlier = false, secrets: Secrets | null = null) {
  const clock = createTestClock(START);
  const runtime = {
    ...systemRuntime(() => {}),
    now: () => clock.now(),
    sleep: (ms: number, signal?: AbortSignal) => clock.sleep(ms, signal),
    random: () => 0.5,
  };
  const { watch, store, ...given } = watchChanges({ app, runtime, store: createMemoryStore() });
  const deps = withTasks({ ...given, store });
  const tasks = createTasks(deps, BY_SCHEDULE);
  const standing = [taskStatuses({ watch, tasks, runtime })];
  const registry = composeRegistry(deps, {
    secrets,
    watch,
    listens: true,
    tasks,
  });
  const messages: Sent[] = [];
  let take: ((bytes: Uint8Array) => void) | null = null;
  let silent: (() => void) | null = null;
  const serving = serveRegistryOverStdio({ ...deps, registry, registryOf: () => registry, watch, standing }, PUBLIC, {
    open(given, _ended, whenSilent) {
      take = given;
      silent = whenSilent;
    },
    write: async (text) => {
      for (const line of text.split('\n')) if (line !== '') messages.push(JSON.parse(line) as Sent);
    },
    close: () => {},
  });
  const meta = { [`${META}protocolVersion`]: '2026-07-28', [`${META}clientCapabilities`]: {} };

  const send = (message: object) => write({ jsonrpc: '2.0', ...message });

  async function write(whole: object): Promise<void> {
    take?.(new TextEncoder().encode(`${JSON.stringify(whole)}\n`));
    await clock.advance(0);
    await clock.advance(0);
  }

  return {
    clock,
    deps,
    messages,
    serving,
    send,
    /** A batch. */
    sendAll: (messages: readonly object[]) => write(messages),
    /** The client writes no more, and still reads. */
    fallSilent: () => silent?.(),
    /** A request, whose answer stands among the messages. */
    ask: (id: string | number, method: string, params: object = {}) =>
      send({ id, method, params: earlier ? params : { ...params, _meta: meta } }),
    of: (id: string | number) => messages.filter((each) => each.id === id || subscriptionOf(each) === id),
  };
}

function subscriptionOf({ params = {} }: Sent): unknown {
  const { _meta: meta } = params;
  return meta?.[`${META}subscriptionId`];
}
