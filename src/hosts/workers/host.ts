/**
 * An app on Cloudflare Workers: `fetch` answers MCP, the cron trigger drains feeds, works on tasks that are due and keeps
 * retention; a queue, where one is bound, brings tasks sooner. What is built once is built once per isolate; all state is
 * in the store.
 */
import { type Config, readConfig } from '../../base/config.ts';
import type { App } from '../../declare/app.ts';
import { asTidegateError } from '../../base/errors.ts';
import { type Log, type LogLevel, systemRuntime } from '../../base/runtime.ts';
import type { HttpApp } from '../../http/app.ts';
import { problemResponse } from '../../http/problem.ts';
import { type Drivers, memory, openFrom, redis } from '../../store/drivers/drivers.ts';
import type { Deps } from '../../streams/deps.ts';
import type { TaskDeps } from '../../tasks/records/find-task.ts';
import { composeServing } from '../compose-serving.ts';
import { composeHttp } from '../compose.ts';
import { createLog } from '../log.ts';
import { runScheduled } from '../scheduled.ts';
import { startProblem } from '../start-problem.ts';
import { withTasks } from '../with-tasks.ts';
import { connect } from './socket.ts';
import { dispatchThrough, sendBack, type TaskBatch, type TaskQueue, taskQueueOf, workOnBatch } from './tasks.ts';

export { dynamodb } from '../../store/drivers/drivers.ts';

/** Variables and secrets; the binding `TASKS`, where there is one, is a queue. */
export type WorkerEnvironment = Record<string, unknown>;

/** What Workers calls. */
export interface WorkerHost {
  fetch(request: Request, environment: WorkerEnvironment): Promise<Response>;
  scheduled(event: unknown, environment: WorkerEnvironment): Promise<void>;
  queue(batch: TaskBatch, environment: WorkerEnvironment): Promise<void>;
}

export interface WorkerOptions {
  /**
   * What `STORE` may be beside `redis` and `memory`: `{ dynamodb }` adds AWS's client, 125 KiB gzipped, which a Worker
   * would carry whether it uses it or not.
   */
  stores?: Drivers;
}

interface Isolate {
  deps: TaskDeps;
  http: HttpApp;
}

/** A cron run may take this long, ms; the next one comes after a minute. */
const SCHEDULED_MS = 50_000;

const write = (line: string, level: LogLevel) => console[level](line);

export function createWorker(app: App, { stores = {} }: WorkerOptions = {}): WorkerHost {
  const drivers = { redis, memory, ...stores };
  let log = createLog('info', { write });
  let isolate: Isolate | null = null;

  /**
   * Requests that meet while it is built build it each: one that waited for the work of another would wait for ever if
   * the runtime ended that other, whose client had gone.
   */
  async function parts(environment: WorkerEnvironment): Promise<Isolate> {
    if (isolate !== null) return isolate;
    const texts = textsOf(environment);
    const config = readConfig(texts, 'redis');
    log = createLog(config.logLevel, { write });
    const deps = withTasks(await open(app, drivers, config, log));
    // The platform lets through only what is for this Worker; whoever runs it on a machine of their own says where.
    const host = texts['HOST'] === undefined ? null : config.host;
    const built = build(deps, config, host, taskQueueOf(environment));
    isolate ??= built;
    return isolate;
  }

  return {
    async fetch(request, environment) {
      try {
        const { http } = await parts(environment);
        return await http.fetch(request);
      } catch (thrown) {
        const error = asTidegateError(thrown);
        log('error', error.message, { code: error.code });
        return error.code === 'invalid_config' ? startProblem(error) : problemResponse(error);
      }
    },

    async scheduled(_event, environment) {
      const { deps } = await parts(environment);
      const deadline = deps.runtime.now() + SCHEDULED_MS;
      const { error } = await runScheduled(deps, deadline);
      if (error !== null) throw error;
    },

    async queue(batch, environment) {
      try {
        const { deps } = await parts(environment);
        await workOnBatch(deps, taskQueueOf(environment), batch);
      } catch (thrown) {
        const { code, message } = asTidegateError(thrown);
        log('error', `no tasks are worked on: ${message}`, { code });
        // What is thrown here would bring them back at once, and use up their tries before the store is back.
        batch.messages.forEach(sendBack);
      }
    },
  };
}

async function open(app: App, drivers: Drivers, config: Config, log: Log): Promise<Deps> {
  const runtime = { ...systemRuntime(log), connect };
  return { app, store: await openFrom(drivers, config, runtime, app.name), runtime };
}

function build(deps: TaskDeps, config: Config, host: string | null, queue: TaskQueue | null): Isolate {
  const { secrets, variable } = config;
  const serving = composeServing(deps, { secrets, variable, dispatch: dispatchThrough(deps, queue) });
  const { http } = composeHttp(deps, { publicUrl: config.publicUrl, host, variable }, serving);
  return { deps, http };
}

function textsOf(environment: WorkerEnvironment): Record<string, string> {
  const texts = Object.entries(environment).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return Object.fromEntries(texts);
}
