/** Runs a Worker of this repository in workerd, as wrangler builds it. Only Linux, macOS and Windows on common processors have one. */
import { resolve } from 'node:path';
import { createTestHarness } from 'wrangler';

const ROOT = resolve(import.meta.dirname, '../../..');

export interface RunningWorker {
  url: string;
  /** Whether the handler of the cron trigger ended well. */
  cron(): Promise<boolean>;
  /** Puts a message into the queue of tasks, whatever it is. */
  enqueue: Send;
  /** What it logged, a line each. */
  logged(): string[];
  stop(): Promise<void>;
}

/** What a test says of the queue of tasks, beside what `wrangler.toml` does where its lines are taken in. */
export interface QueueSettings {
  /** Null: nothing takes messages out of the queue, and they are lost. */
  consumer: { max_retries?: number } | null;
  /** Whether the Worker also takes messages out of the queue of dead letters; default false. */
  dead?: boolean;
}

type Send = (message: unknown, options?: { delaySeconds?: number }) => Promise<void>;

export const QUEUES = {
  producers: [{ binding: 'TASKS', queue: 'tidegate-tasks' }],
  consumers: [
    {
      queue: 'tidegate-tasks',
      max_batch_timeout: 0,
      max_retries: 5,
      dead_letter_queue: 'tidegate-tasks-dead',
    },
  ],
};

function queuesOf({ consumer, dead = false }: QueueSettings): object {
  if (consumer === null) return { producers: QUEUES.producers };
  const own = QUEUES.consumers.map((settings) => ({ ...settings, ...consumer }));
  const ofDead = QUEUES.consumers.map(({ dead_letter_queue: queue }) => ({ queue, max_batch_timeout: 0 }));
  return { ...QUEUES, consumers: dead ? [...own, ...ofDead] : own };
}

/**
 * @param main default: the entry and the settings of `wrangler.toml`
 * @param rate what the binding `RATE_LIMIT` lets through; null: there is none
 */
export async function startWorker(
  variables: Record<string, string>,
  main: string | null = null,
  queue: QueueSettings | null = null,
  rate: { limit: number; period: 10 | 60 } | null = null,
): Promise<RunningWorker> {
  const config = {
    name: 'tidegate-test',
    main: main ?? '',
    compatibility_date: '2026-10-01',
    compatibility_flags: ['nodejs_compat'],
    vars: variables,
    ...(queue ? { queues: queuesOf(queue) } : {}),
    ...(rate ? { ratelimits: [{ name: 'RATE_LIMIT', namespace_id: '1', simple: rate }] } : {}),
  };
  const worker = main === null ? { configPath: 'wrangler.toml', secrets: variables } : { config };
  const harness = createTestHarness({ root: ROOT, workers: [worker] });
  const { url } = await harness.listen();
  return {
    url: url.origin,
    cron: async () => (await harness.getWorker().scheduled({ cron: '* * * * *' })).outcome === 'ok',
    async enqueue(message, options) {
      const { TASKS } = await harness.getWorker<{ TASKS: { send: Send } }>().getEnv();
      await TASKS.send(message, options);
    },
    logged: () => harness.getLogs().map(({ message }) => message),
    stop: () => harness.close(),
  };
}
