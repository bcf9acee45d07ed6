/**
 * An app on AWS Lambda: two ways to answer HTTP, and the scheduled workers. What is built once is built once per
 * instance; all state is in the store. Nothing goes on after an invocation was answered, since the platform freezes it.
 */
import { openStore, readConfig } from '../../store/drivers/open.ts';
import type { App } from '../../declare/app.ts';
import { asTidegateError, TidegateError } from '../../base/errors.ts';
import type { Log } from '../../base/runtime.ts';
import { problemResponse } from '../../http/problem.ts';
import type { Deps } from '../../streams/deps.ts';
import type { CallerOptions, Host } from '../http-host.ts';
import { createLazyHost } from '../lazy-host.ts';
import { type BufferedAnswer, bufferedAnswer, orAborted, preludeOf, writeBody } from './answer.ts';
import { type HttpEvent, requestOf } from './event.ts';
import { type Invocation, openBody, type StreamHandler } from './platform.ts';
import { createLog } from '../log.ts';
import { nodeRuntime } from '../node/runtime.ts';
import { tellInPlaceOfLambda } from '../node/process/stray-rejections.ts';
import { fromEnvironment } from '../platforms/from-environment.ts';
import { STANDARD_STORE } from '../platforms/standard-store.ts';
import type { ScheduledReport } from '../scheduled.ts';
import { startProblem } from '../start-problem.ts';
import type { BatchAnswer, SqsEvent } from './queue-batch.ts';
import type { Waking } from './waking.ts';

export interface LambdaHost {
  /** Answers piece by piece. Rejects where it had to cut a stream, so that the platform breaks the answer off. */
  stream: StreamHandler;
  /** Answers at once, as a whole. */
  buffered: (event: HttpEvent, invocation: Invocation) => Promise<BufferedAnswer>;
  /** Rejects where the store or the configuration prevents all work, so that the platform counts an error. */
  scheduled: (event: unknown, invocation: Invocation) => Promise<ScheduledReport>;
  /**
   * Works on what the queue of `TASKS_QUEUE_URL` brings. Answers the messages that come back; rejects where none could be worked on, which
   * brings back all of them.
   */
  queue: (event: SqsEvent, invocation: Invocation) => Promise<BatchAnswer>;
  /**
   * Takes what an event source hands over into the stream of the feed that `TIDEGATE_FEED` names. Answers what comes again; rejects for
   * sources of which no part of an event can fail alone.
   */
  records: (event: unknown, invocation: Invocation) => Promise<BatchAnswer>;
}

export interface LambdaOptions extends CallerOptions {
  /** Called with each line of the log and of the metrics; default: standard output, without the platform's prefix. */
  write?: (line: string) => void;
  /** The clock, epoch ms; default: the system's. */
  now?: () => number;
}

interface Instance {
  deps: Deps;
  host: Host;
  /** Null: no queue is named, and the schedule finds what is due. */
  waking: Waking | null;
  /** What `TIDEGATE_FEED` says. */
  feed: string | null;
}

const operators = async () => (await import('../../operate/faces/tools.ts')).operatorTools;

/** This long before the platform ends an invocation, handlers are asked to stop; later, what still runs is cut. In ms. */
const STOP_BEFORE_MS = 1_500;
const CUT_BEFORE_MS = 500;
const SCHEDULED_END_BEFORE_MS = 2_000;
/** How long an answer waits for those who are to be woken, ms. */
const SETTLE_MS = 2_500;

export function createLambdaHost(
  app: App,
  environment: Record<string, string | undefined>,
  { write = toStdout, now = Date.now, ...own }: LambdaOptions = {},
): LambdaHost {
  const deadlines = new WeakMap<Request, number>();
  const deadlineOf = (request: Request) => deadlines.get(request) ?? null;
  let log: Log = createLog('info', { write });
  let instance: Promise<Instance> | null = null;
  // Only in AWS's own runtime, and not where a test or another program makes a host.
  if (environment['AWS_LAMBDA_RUNTIME_API'] !== undefined) tellInPlaceOfLambda((...line) => log(...line));

  /** A failed attempt is not kept, so that the next invocation tries again. */
  function parts(): Promise<Instance> {
    instance ??= build().catch((error: unknown) => {
      instance = null;
      throw error;
    });
    return instance;
  }

  async function build(): Promise<Instance> {
    const config = readConfig(environment, STANDARD_STORE.lambda);
    log = createLog(config.logLevel, { write });
    const given = await fromEnvironment({
      config,
      app,
      runtime: { ...nodeRuntime(log), now },
      own,
      openStore: (runtime) => openStore(config, runtime, app.name),
    });
    const { tasksQueueUrl } = config;
    const waking =
      tasksQueueUrl === null ? null : (await import('./waking.ts')).wakingThrough(tasksQueueUrl, config, given);
    const deps = { ...given, ...(waking ? { changed: waking.changed } : {}) };
    const serving = {
      deadlineOf,
      outlivesClients: false,
      worksAfterAnswer: false,
      streamMs: 0,
      hands: true,
      ...(waking ? { taskQueue: waking.queue, dispatch: waking.dispatch } : {}),
    };
    // Whoever sets it asks for metrics, and for what probes hear of feeds. Others load nothing of that.
    const isObserved = config.variable('METRICS_TOKEN') !== null;
    const observing = isObserved ? { observe: (await import('../../http/observe/observe.ts')).observeStore(app) } : {};
    return {
      deps,
      waking,
      feed: config.variable('TIDEGATE_FEED'),
      host: createLazyHost({ operators, ...observing, ...own, ...deps, ...serving }),
    };
  }

  /** Waits for what was begun beside the answer, for as long as the platform lets the instance work. Never rejects. */
  async function settled(invocation: Invocation): Promise<void> {
    const { waking } = (await instance?.catch(() => null)) ?? { waking: null };
    await waking?.settled(Math.min(SETTLE_MS, invocation.getRemainingTimeInMillis() - CUT_BEFORE_MS));
  }

  /** Never rejects: an error becomes an answer. */
  async function answer(event: HttpEvent, invocation: Invocation, signal: AbortSignal): Promise<Response> {
    try {
      const { host } = await orAborted(parts(), signal);
      const request = requestOf(event, signal);
      deadlines.set(request, now() + invocation.getRemainingTimeInMillis() - STOP_BEFORE_MS);
      return await orAborted(Promise.resolve(host.fetch(request)), signal);
    } catch (thrown) {
      return failure(thrown);
    }
  }

  function failure(thrown: unknown): Response {
    const error = asTidegateError(thrown);
    log(error.code === 'invalid_input' ? 'debug' : 'error', error.message, { code: error.code });
    return error.code === 'invalid_config' ? startProblem(error) : problemResponse(error);
  }

  return {
    async stream(event, raw, invocation) {
      const ending = endingOf(invocation);
      const gone = () => ending.abort(new TidegateError('cancelled', 'The client went away'));
      raw.once('error', gone).once('close', gone);
      try {
        const response = await answer(event, invocation, ending.signal);
        if (raw.destroyed) return;
        // The time is over, so the answer that says so is written without its signal.
        const signal = ending.signal.aborted ? new AbortController().signal : ending.signal;
        const type = response.headers.get('content-type');
        await writeBody(response.body, openBody(raw, preludeOf(response)), signal, type);
      } catch (error) {
        if (!raw.destroyed) throw error;
      } finally {
        raw.off('close', gone);
        await settled(invocation);
        ending.end();
      }
    },

    async buffered(event, invocation) {
      const ending = endingOf(invocation);
      try {
        const response = await answer(event, invocation, ending.signal);
        const answered = await orAborted(bufferedAnswer(response), ending.signal);
        await settled(invocation);
        return answered;
      } catch (thrown) {
        return await bufferedAnswer(failure(thrown));
      } finally {
        ending.end();
      }
    },

    async scheduled(_event, invocation) {
      const { deps, host } = await parts();
      const report = await host.scheduled(endOf(invocation, now));
      await settled(invocation);
      const { error, ...facts } = report;
      log(error === null ? 'info' : 'error', 'scheduled', { ...facts, error: error?.message ?? null });
      if (error !== null) throw error;
      const { feedMetrics } = await import('./metrics.ts');
      const metrics = await feedMetrics(deps, environment['TIDEGATE_STAGE'] ?? null);
      if (metrics !== null) write(metrics);
      return report;
    },

    async queue(event, invocation) {
      const [one, { workOnQueue }] = await Promise.all([parts(), import('./queue-batch.ts')]);
      const answer = await workOnQueue(one, event, endOf(invocation, now));
      await settled(invocation);
      return answer;
    },

    async records(event, invocation) {
      const [one, { takeRecords }] = await Promise.all([parts(), import('./records.ts')]);
      const answer = await takeRecords(one, event, invocation.awsRequestId, endOf(invocation, now));
      await settled(invocation);
      return answer;
    },
  };
}

/** When work without a client has to end, epoch ms. */
function endOf(invocation: Invocation, now: () => number): number {
  return now() + invocation.getRemainingTimeInMillis() - SCHEDULED_END_BEFORE_MS;
}

interface Ending {
  /** Aborts shortly before the platform ends the invocation. */
  signal: AbortSignal;
  abort(reason: TidegateError): void;
  /** Call it when the answer is complete. */
  end(): void;
}

function endingOf(invocation: Invocation): Ending {
  const controller = new AbortController();
  const cut = () => controller.abort(new TidegateError('cancelled', 'The time for this request is over'));
  const timer = setTimeout(cut, Math.max(0, invocation.getRemainingTimeInMillis() - CUT_BEFORE_MS));
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    end: () => clearTimeout(timer),
  };
}

function toStdout(line: string): void {
  process.stdout.write(`${line}\n`);
}
