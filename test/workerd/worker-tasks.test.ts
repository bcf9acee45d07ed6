/** How Workers tell a queue of tasks, and what they do with its messages, where the queue or the store does not do its part. */
import { expect, test } from 'vitest';
import { task } from '../../src/declare/task.ts';
import { TidegateError } from '../../src/base/errors.ts';
import { type ChangeMessage, type TaskMessage, type TaskQueue, workOnBatch } from '../../src/hosts/queue.ts';
import { dispatchThrough } from '../../src/hosts/workers/tasks.ts';
import { taskStage } from '../tasks/stage.ts';

const DAY_MS = 86_400_000;
const BATCH_MS = 600_000;

const sleeps = (ms: number) =>
  task({
    description: 'sleeps',
    version: '1',
    policy: { ttlMs: 3 * DAY_MS },
    async run(_input, { sleep }) {
      await sleep(ms);
      return 'slept';
    },
  });

interface Sent {
  message: TaskMessage | ChangeMessage;
  delaySeconds: number | undefined;
}

function recordingQueue(): TaskQueue & { sent: Sent[] } {
  const sent: Sent[] = [];
  return {
    sent,
    send: async (message, options) => void sent.push({ message, delaySeconds: options?.delaySeconds }),
  };
}

const deadQueue: TaskQueue = {
  send: () => {
    throw new Error('the queue is gone');
  },
};

const never = () => new Promise<never>(() => {});

/** A message of the queue, and what became of it. */
function delivered(body: unknown, attempts = 1) {
  const became: (string | number)[] = [];
  const message = {
    body,
    attempts,
    ack: () => void became.push('acked'),
    retry: (options?: { delaySeconds?: number }) => void became.push('retried', options?.delaySeconds ?? 0),
  };
  return { message, became };
}

function stageOf(ms = 0) {
  const stage = taskStage({ nap: sleeps(ms) });
  const warnings: string[] = [];
  const runtime = { ...stage.tasks.runtime, log: (_level: string, text: string) => void warnings.push(text) };
  return {
    deps: { ...stage.tasks, runtime },
    clock: stage.clock,
    warnings,
    begin: (name: string) => stage.begin(name),
    get: (taskId: string) => stage.get(taskId),
  };
}

test('a queue that takes nothing is told of in the log, and throws at nobody', async () => {
  const { deps, warnings } = stageOf();
  const dispatch = dispatchThrough(deps, deadQueue);
  expect(dispatch.leaseMs()).toBeNull();
  dispatch.wake('public', 'x', null);
  await expect.poll(() => warnings).toEqual(['a task was not worked on; the schedule finds it']);
});

test('a message says which task it is, and nothing else of it', async () => {
  const queue = recordingQueue();
  dispatchThrough(stageOf().deps, queue).wake('public', 'x', null);
  await expect
    .poll(() => queue.sent)
    .toEqual([{ message: { tenant: 'public', taskId: 'x' }, delaySeconds: undefined }]);
});

test('without a queue a few tasks are worked on behind answers, the others are left to the schedule, and what ended makes room', async () => {
  const { deps, begin, clock } = stageOf();
  const claims: string[] = [];
  const held = { ...deps, store: { ...deps.store, get: never, getMany: never } };
  const dispatch = dispatchThrough(held, null);
  for (let at = 0; at < 8; at += 1) {
    expect(dispatch.leaseMs()).toBe(30_000);
    claims.push(await begin('nap'));
    dispatch.wake('public', claims.at(-1) ?? '', null);
  }
  expect(dispatch.leaseMs()).toBeNull();
  // An invocation that the platform ended says nothing.
  clock.now += 30_001;
  expect(dispatch.leaseMs()).toBe(30_000);
});

test.each([
  [10_500, 11],
  [2 * DAY_MS, 43_200],
])(
  'a task that sleeps for %i ms is sent again for in %i s, without what else the message held',
  async (ms, seconds) => {
    const { deps, begin, clock } = stageOf(ms);
    const taskId = await begin('nap');
    const queue = recordingQueue();
    const { message, became } = delivered({ tenant: 'public', taskId, more: 'x' });
    await clock.drive(workOnBatch(deps, queue, { messages: [message] }, clock.now + BATCH_MS));
    expect(queue.sent).toEqual([{ message: { tenant: 'public', taskId }, delaySeconds: seconds }]);
    expect(became).toEqual(['acked']);
  },
);

test('without a queue to send to it is left to the schedule', async () => {
  const { deps, begin, clock } = stageOf(10_000);
  const { message, became } = delivered({ tenant: 'public', taskId: await begin('nap') });
  await clock.drive(workOnBatch(deps, null, { messages: [message] }, clock.now + BATCH_MS));
  expect(became).toEqual(['acked']);
});

test('a queue that takes no second message brings the first one back', async () => {
  const { deps, begin, clock, warnings } = stageOf(10_000);
  const { message, became } = delivered({ tenant: 'public', taskId: await begin('nap') });
  await clock.drive(workOnBatch(deps, deadQueue, { messages: [message] }, clock.now + BATCH_MS));
  expect(became).toEqual(['retried', 2]);
  expect(warnings).toEqual(['a task was not worked on; it is tried again']);
});

test.each([
  [1, 2],
  [3, 8],
  [100, 60],
])(
  'delivery %i of what the store breaks comes back after %i s; its neighbours are worked on',
  async (attempts, pause) => {
    const { deps, begin, get, clock } = stageOf();
    const [broken, sound] = [await begin('nap'), await begin('nap')];
    const getMany: typeof deps.store.getMany = async (keys, now) => {
      if (keys.some(({ partition }) => partition.includes(broken)))
        throw new TidegateError('store_unavailable', 'the store cannot be reached');
      return deps.store.getMany(keys, now);
    };
    const first = delivered({ tenant: 'public', taskId: broken }, attempts);
    const second = delivered({ tenant: 'public', taskId: sound });
    const messages = [first.message, second.message];
    await clock.drive(
      workOnBatch({ ...deps, store: { ...deps.store, getMany } }, recordingQueue(), { messages }, clock.now + BATCH_MS),
    );
    expect([first.became, second.became]).toEqual([['retried', pause], ['acked']]);
    expect([(await get(broken)).status, (await get(sound)).status]).toEqual(['working', 'completed']);
  },
);
