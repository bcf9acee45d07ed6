/**
 * An MCP server of somebody's own tools, resources, prompts and tasks, with no stream and no feed: the endpoint of every other
 * app, with its sessions, subscriptions, replay and tasks in a store, so that any instance answers.
 */
import { invalidConfig } from '../base/errors.ts';
import { type Runtime, systemRuntime } from '../base/runtime.ts';
import type { AppOptions } from '../declare/app.ts';
import { defineApp } from '../declare/check/define-app.ts';
import { createMemoryStore } from '../store/drivers/memory.ts';
import type { Store } from '../store/store.ts';
import { startRunner } from '../tasks/work/runner.ts';
import { createHost } from './host.ts';
import type { Host, HostOptions } from './http-host.ts';
import { createLog } from './log.ts';
import { withTasks } from './task-deps.ts';

/** What is served: an app without streams. */
export type McpParts = Omit<AppOptions, 'streams' | 'feeds'>;

export interface McpOptions extends Pick<
  HostOptions,
  'authenticate' | 'isOpen' | 'publicUrl' | 'host' | 'allowedOrigins' | 'extensions' | 'outlivesClients'
> {
  /** Where sessions, subscriptions and tasks are kept. Default: the memory of this process, which other instances do not share. */
  store?: Store;
  /**
   * Seals what clients carry: sessions, questions, cursors. All instances have the same one, of 32 characters at least. Default:
   * none, and then no client is asked anything, and there are no sessions.
   */
  secret?: string;
  /** Opens what was sealed before the secret was changed. */
  previousSecret?: string;
  /**
   * Whether the process stays up: tasks then go on by themselves. Default false: they go on whenever `scheduled` is called,
   * once a minute for example.
   */
  staysUp?: boolean;
  /** Default: the system's, with a log of warnings on stderr. */
  runtime?: Runtime;
}

/** As `Host`; `fetch` answers `/mcp` and the documents by which it is found. */
export type Mcp = Pick<Host, 'fetch' | 'scheduled' | 'changes' | 'close'>;

/** @throws TidegateError `invalid_config` naming everything that is wrong in the declaration, and a secret that is too short */
export function createMcp(parts: McpParts, options: McpOptions = {}): Mcp {
  const {
    store = createMemoryStore(),
    secret,
    previousSecret,
    staysUp = false,
    runtime = systemRuntime(createLog('warn')),
    ...rest
  } = options;
  const app = defineApp(parts);
  for (const [field, text] of Object.entries({ secret, previousSecret })) checkSecret(field, text);
  const secrets = secret === undefined ? null : { current: secret, previous: previousSecret ?? null };
  const runner = staysUp ? startRunner(withTasks({ app, store, runtime })) : null;
  const dispatch = runner === null ? {} : { dispatch: runner.dispatch };
  const host = createHost({ ...rest, ...dispatch, app, store, runtime, secrets });
  return {
    fetch: host.fetch,
    scheduled: host.scheduled,
    changes: host.changes,
    async close() {
      await runner?.stop();
      await host.close();
    },
  };
}

const SECRET_CHARACTERS = 32;

function checkSecret(field: string, text: string | undefined): void {
  if (text === undefined || text.length >= SECRET_CHARACTERS) return;
  const expected = `at least ${SECRET_CHARACTERS} characters, made at random`;
  throw invalidConfig(field, expected);
}
