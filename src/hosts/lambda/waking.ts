/**
 * How a function wakes others through SQS, where `TASKS_QUEUE_URL` names a queue: tasks that begin or go on, and logs that have changed. The platform
 * freezes an instance as soon as its invocation is over, so what was begun is waited for before (`settled`).
 */
import type { Config } from '../../base/config/config.ts';
import { invalidConfig } from '../../base/errors.ts';
import { systemRuntime } from '../../base/runtime.ts';
import type { Deps } from '../../streams/deps.ts';
import type { Dispatch } from '../../tasks/records/dispatch.ts';
import type { TaskQueue } from '../queue.ts';
import type { Sqs } from './sqs.ts';

export interface Waking {
  queue: TaskQueue;
  dispatch: () => Dispatch;
  changed: NonNullable<Deps['changed']>;
  /** Has a message that was received come again after so many seconds. Never rejects. */
  release(receiptHandle: string, delaySeconds: number): Promise<void>;
  /** Resolves when all that was begun is sent or given up, or when the time is over, ms. Never rejects. */
  settled(mostMs: number): Promise<void>;
}

/** The longest delay that SQS knows, s. What goes on later is left to the schedule. */
const MOST_DELAY_S = 900;

/**
 * @throws TidegateError `invalid_config` where the platform says neither region nor credentials. Nothing is loaded or sent before somebody is woken.
 */
export function wakingThrough(
  queueUrl: string,
  config: Pick<Config, 'variable'>,
  deps: Pick<Deps, 'app' | 'store' | 'runtime'> & { isOpen: boolean },
): Waking {
  const { runtime } = deps;
  const access = accessOf(queueUrl, config);
  const pending = new Set<Promise<unknown>>();
  let sqs: Promise<Sqs> | null = null;
  let hints: Promise<Waking['changed']> | null = null;
  let dispatch: Promise<Dispatch> | null = null;

  function goOn(work: Promise<unknown>): void {
    const one = work.catch((thrown: unknown) => {
      runtime.log('warn', `nobody was woken; the schedule finds what is due: ${String(thrown)}`);
    });
    pending.add(one);
    void one.finally(() => pending.delete(one));
  }

  function loadSqs(): Promise<Sqs> {
    // Node's own fetch: that of feeds would have to be loaded first.
    const { fetch } = systemRuntime(runtime.log);
    sqs ??= import('./sqs.ts').then(({ createSqs }) => createSqs(access, { ...runtime, fetch }));
    return sqs;
  }

  const queue: TaskQueue = {
    async send(message, { delaySeconds = 0 } = {}) {
      if (delaySeconds > MOST_DELAY_S) return;
      await (await loadSqs()).send({ ...message }, delaySeconds);
    },
  };

  async function tellChanged(tenant: string, stream: string): Promise<void> {
    hints ??= import('../queues/hints.ts').then(({ hintsThrough }) => hintsThrough(deps, queue, goOn));
    (await hints)(tenant, stream);
  }

  const wake: Dispatch['wake'] = (tenant, taskId, claim) => {
    dispatch ??= import('../queues/wake.ts').then(({ wakeThrough }) => wakeThrough(runtime, queue, goOn));
    goOn(dispatch.then((through) => through.wake(tenant, taskId, claim)));
  };

  return {
    queue,
    dispatch: () => ({ leaseMs: () => null, wake }),
    changed: (tenant, stream) => goOn(tellChanged(tenant, stream)),
    async release(receiptHandle, delaySeconds) {
      try {
        await (await loadSqs()).release(receiptHandle, delaySeconds);
      } catch (thrown) {
        runtime.log('debug', `a message comes back when the queue brings it: ${String(thrown)}`);
      }
    },
    async settled(mostMs) {
      if (pending.size === 0) return;
      const ending = new AbortController();
      const timeUp = runtime.sleep(Math.max(0, mostMs), ending.signal).then(() => true);
      // What is under way may begin something more.
      const over = () => pending.size === 0;
      const all = async () => {
        while (!over() && !ending.signal.aborted) await Promise.all(pending);
        return false;
      };
      if (await Promise.race([all(), timeUp]))
        runtime.log('warn', 'there was no time to wake others; the schedule does');
      ending.abort();
    },
  };
}

function accessOf(queueUrl: string, { variable }: Pick<Config, 'variable'>) {
  const [region, accessKeyId, secretAccessKey] = ['AWS_REGION', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'].map(
    (name) => {
      const value = variable(name);
      if (value !== null && value !== '') return value;
      const expected = 'to be set, as Lambda sets it, because TASKS_QUEUE_URL is';
      throw invalidConfig(name, expected);
    },
  ) as [string, string, string];
  const sessionToken = variable('AWS_SESSION_TOKEN');
  return {
    queueUrl,
    endpoint: variable('AWS_ENDPOINT_URL_SQS'),
    region,
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) },
  };
}
