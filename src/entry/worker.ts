/**
 * The entry on Cloudflare Workers: `fetch` answers MCP, the cron trigger drains feeds and keeps retention. What is built
 * once is built once per isolate; all state is in the store.
 */
import type { Hono } from 'hono';
import app from '../app.ts';
import { readConfig } from '../core/config.ts';
import { asTidegateError } from '../core/errors.ts';
import { type Log, systemRuntime } from '../core/runtime.ts';
import { problemResponse } from '../http/problem.ts';
import { ingest } from '../ingest/run.ts';
import { sweep } from '../ingest/sweep.ts';
import { openStore } from '../store/open.ts';
import type { Deps } from '../streams/deps.ts';
import { composeHttp } from './compose.ts';

type Environment = Record<string, string>;

interface Isolate {
  deps: Deps;
  http: Hono;
}

/** A cron run may take this long, ms; the next one comes after a minute. */
const SCHEDULED_MS = 50_000;

const log: Log = (level, message, fields = {}) => console[level](JSON.stringify({ level, message, ...fields }));

let isolate: Promise<Isolate> | null = null;

/** The isolate's parts; a failed attempt is not kept, so that the next request tries again. */
function parts(environment: Environment): Promise<Isolate> {
  isolate ??= build(environment).catch((error: unknown) => {
    isolate = null;
    throw error;
  });
  return isolate;
}

async function build(environment: Environment): Promise<Isolate> {
  const config = readConfig(environment, 'redis');
  const runtime = systemRuntime(log);
  const deps: Deps = { app, store: await openStore(config, runtime, app.name), runtime };
  const { http } = composeHttp(deps, { publicUrl: config.publicUrl, host: null });
  return { deps, http };
}

export default {
  async fetch(request: Request, environment: Environment): Promise<Response> {
    try {
      const { http } = await parts(environment);
      return await http.fetch(request);
    } catch (thrown) {
      const error = asTidegateError(thrown);
      log('error', error.message, { code: error.code });
      return problemResponse(error);
    }
  },

  async scheduled(_event: unknown, environment: Environment): Promise<void> {
    const { deps } = await parts(environment);
    const deadline = deps.runtime.now() + SCHEDULED_MS;
    const { feeds } = await ingest(deps, deadline);
    for (const { feed, outcome, state, events, error } of feeds) {
      log(error === null ? 'info' : 'warn', `feed ${feed}`, { outcome, state, events, error: error?.message ?? null });
    }
    const { projected, collected, more, error } = await sweep(deps, deadline);
    log(error === null ? 'info' : 'warn', 'sweep', { projected, collected, more, error: error?.message ?? null });
  },
};
