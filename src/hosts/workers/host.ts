/**
 * An app on Cloudflare Workers: `fetch` answers MCP, the cron trigger drains feeds, works on tasks that are due and keeps
 * retention; a queue, where one is bound, brings tasks sooner. What is built once is built once per isolate; all state is
 * in the store.
 */
import { readEnvironment } from '../../base/config/config.ts';
import type { App } from '../../declare/app.ts';
import { asTidegateError } from '../../base/errors.ts';
import { type LogLevel, type Runtime, systemRuntime } from '../../base/runtime.ts';
import { problemResponse } from '../../http/problem.ts';
import { openFrom, type StoreDriver } from '../../store/driver.ts';
import { memory } from '../../store/drivers/memory-driver.ts';
import { redis } from '../../store/redis/driver.ts';
import { createHost } from '../host.ts';
import type { CallerOptions, Host } from '../http-host.ts';
import { createLog } from '../log.ts';
import { sendBack, type TaskBatch } from '../queue.ts';
import { fromEnvironment } from '../platforms/from-environment.ts';
import { STANDARD_STORE } from '../platforms/standard-store.ts';
import { hintsThrough } from '../queues/hints.ts';
import { startProblem } from '../start-problem.ts';
import { overloaded } from '../../http/edge.ts';
import { dropUnread } from '../../http/bodies/unread-body.ts';
import { type BoundAnswer, createAnswers } from './answers.ts';
import { admitThrough } from './rate-limit.ts';
import { createShares, type Shares } from './shares.ts';
import { connectFromWorker } from './socket.ts';
import { dispatchThrough, goOnBehind, taskQueueOf } from './tasks.ts';

export { dynamodb } from '../../store/dynamodb/driver.ts';

/** Variables and secrets. Where they are bound, `TASKS` is a queue, and `RATE_LIMIT` limits how often one caller may ask. */
export type WorkerEnvironment = Record<string, unknown>;

/** What is used of the platform's context: work may go on for 30 s behind an answer, or without a client. */
export interface WorkerContext {
  waitUntil(work: Promise<unknown>): void;
}

/** What Workers calls. */
export interface WorkerHost {
  fetch(request: Request, environment: WorkerEnvironment, context?: WorkerContext): Promise<Response>;
  scheduled(event: unknown, environment: WorkerEnvironment): Promise<void>;
  queue(batch: TaskBatch, environment: WorkerEnvironment): Promise<void>;
}

export interface WorkerOptions extends CallerOptions {
  /**
   * What `STORE` may be beside `redis` and `memory`: `{ dynamodb }` adds AWS's client, 125 KiB gzipped, which a Worker
   * would carry whether it uses it or not.
   */
  stores?: Record<string, StoreDriver>;
}

interface Isolate {
  runtime: Runtime;
  host: Host;
  shares: Shares;
  boundAnswer: BoundAnswer;
}

/** A cron run may take this long, ms; the next one comes after a minute. */
const SCHEDULED_MS = 50_000;
/** A batch of the queue may take this long, ms; the platform ends it after 15 minutes. */
const BATCH_MS = 10 * 60_000;

/** How long a stream stays open, ms. */
const STREAM_MS = 5 * 60_000;

/** What fits the 128 MiB of an isolate. */
const MEBIBYTE = 1_048_576;
const ISOLATE_BODIES = 16 * MEBIBYTE;
const ISOLATE_SHARES = { open: 1_000, begun: 600, waits: 150, bytes: 4 * MEBIBYTE };
const ISOLATE_ANSWERS = { unsentBytes: 8 * MEBIBYTE, answerMs: 30_000 };

/** A listener reads for all, by the requests that the smallest plan allows one of its own; then another one does. */
const LISTENING = { streamMs: 300_000, most: 500, reads: 40 };

const HINT = 'a Worker is built with other stores where createWorker is given them as its stores';

const write = (line: string, level: LogLevel) => console[level](line);

export function createWorker(app: App, { stores = {}, ...own }: WorkerOptions = {}): WorkerHost {
  const drivers = [...Object.values(stores), redis, memory];
  let log = createLog('info', { write });
  let isolate: Isolate | null = null;

  /**
   * Requests that meet while it is built build it each: one that waited for the work of another would wait for ever if
   * the runtime ended that other, whose client had gone.
   */
  async function parts(environment: WorkerEnvironment): Promise<Isolate> {
    if (isolate !== null) return isolate;
    const config = readEnvironment(environment, { drivers, standard: STANDARD_STORE.workers, hint: HINT });
    log = createLog(config.logLevel, { write });
    const given = await fromEnvironment({
      config,
      app,
      runtime: { ...systemRuntime(log), connect: connectFromWorker },
      own,
      openStore: (runtime) => openFrom(drivers, config, runtime, app.name),
    });
    const { runtime } = given;
    const taskQueue = taskQueueOf(environment);
    const shares = createShares(ISOLATE_SHARES, runtime);
    const admit = admitThrough(environment, { now: () => runtime.now(), log }) ?? (async () => null);
    const built = createHost({
      ...own,
      ...given,
      ...(taskQueue === null ? {} : { changed: hintsThrough(given, taskQueue, goOnBehind) }),
      // The platform lets through only what is for this Worker; whoever runs it on a machine of their own says where.
      host: environment['HOST'] === undefined ? null : config.host,
      admit: async (request) => {
        // What only asks whether the Worker is there is told so.
        if (request.method === 'POST' && shares.isFull()) return overloaded();
        return admit(request);
      },
      streamMs: STREAM_MS,
      bodies: { bytes: ISOLATE_BODIES },
      auditApart: true,
      listening: LISTENING,
      worksAfterAnswer: false,
      taskQueue,
      dispatch: (deps) => dispatchThrough(deps, taskQueue),
    });
    isolate ??= { runtime, host: built, shares, boundAnswer: createAnswers(ISOLATE_ANSWERS, runtime) };
    return isolate;
  }

  return {
    async fetch(request, environment, context) {
      try {
        const { host, runtime, shares, boundAnswer } = await parts(environment);
        const share = shares.open();
        const ended = () => share.end();
        const goesOn = (work: Promise<unknown>) => context?.waitUntil(work);
        try {
          const answer = await host.fetch(request, { work: share.work, goesOn });
          await dropUnread(request, runtime);
          return boundAnswer(answer, ended);
        } catch (thrown) {
          ended();
          throw thrown;
        }
      } catch (thrown) {
        const error = asTidegateError(thrown);
        log('error', error.message, { code: error.code });
        return error.code === 'invalid_config' ? startProblem(error) : problemResponse(error);
      }
    },

    async scheduled(_event, environment) {
      const { host, runtime } = await parts(environment);
      const { error } = await host.scheduled(runtime.now() + SCHEDULED_MS);
      if (error !== null) throw error;
    },

    async queue(batch, environment) {
      try {
        const { host, runtime } = await parts(environment);
        await host.queue(batch, runtime.now() + BATCH_MS);
      } catch (thrown) {
        const { code, message } = asTidegateError(thrown);
        log('error', `no tasks are worked on: ${message}`, { code });
        // What is thrown here would bring them back at once, and use up their tries before the store is back.
        batch.messages.forEach(sendBack);
      }
    },
  };
}
