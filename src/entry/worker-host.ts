/**
 * An app on Cloudflare Workers: `fetch` answers MCP, the cron trigger drains feeds and keeps retention. What is built
 * once is built once per isolate; all state is in the store.
 */
import type { Hono } from 'hono';
import { readConfig } from '../core/config.ts';
import type { App } from '../core/declaration/app.ts';
import { asTidegateError } from '../core/errors.ts';
import { type Log, systemRuntime } from '../core/runtime.ts';
import { problemResponse } from '../http/problem.ts';
import { openStore } from '../store/open.ts';
import type { Deps } from '../streams/deps.ts';
import { composeHttp } from './compose.ts';
import { runScheduled } from './scheduled.ts';
import { startProblem } from './start-problem.ts';

/** What Workers calls. Variables and secrets are in `environment`. */
export interface WorkerHost {
  fetch(request: Request, environment: Record<string, string>): Promise<Response>;
  scheduled(event: unknown, environment: Record<string, string>): Promise<void>;
}

interface Isolate {
  deps: Deps;
  http: Hono;
}

/** A cron run may take this long, ms; the next one comes after a minute. */
const SCHEDULED_MS = 50_000;

const log: Log = (level, message, fields = {}) => console[level](JSON.stringify({ level, message, ...fields }));

export function createWorker(app: App): WorkerHost {
  let isolate: Isolate | null = null;

  /**
   * Requests that meet while it is built build it each: one that waited for the work of another would wait for ever if
   * the runtime ended that other, whose client had gone.
   */
  async function parts(environment: Record<string, string>): Promise<Isolate> {
    if (isolate !== null) return isolate;
    const built = await build(app, environment);
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
  };
}

async function build(app: App, environment: Record<string, string>): Promise<Isolate> {
  const config = readConfig(environment, 'redis');
  const runtime = systemRuntime(log);
  const deps: Deps = { app, store: await openStore(config, runtime, app.name), runtime };
  const { http } = composeHttp(deps, { publicUrl: config.publicUrl, host: null, secrets: config.secrets });
  return { deps, http };
}
