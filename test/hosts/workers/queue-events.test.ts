/**
 * What follows events, through a queue of Workers, in workerd and without any cron: webhooks, what triggers begin, and waits are on
 * their way within 2 s. And where messages go that came back too often.
 */
import { afterAll, beforeAll, describe, test } from 'vitest';
import { requireService } from '../../services/available.ts';
import { type RunningRedis, startRedis } from '../../services/redis.ts';
import { startUpstash, type UpstashFront } from '../../services/upstash.ts';
import { type Asked, hookOf, mcpCall, push, type Recorder, startRecorder } from '../waking.ts';
import { type RunningWorker, startWorker } from './workerd.ts';

const LIMIT_MS = 60_000;
const soon = { timeout: 15_000, interval: 50 };
const MAIN = 'test/hosts/workers/waking-worker.ts';

describe.skipIf(!requireService('redis'))('a queue of events (needs redis-server)', { timeout: LIMIT_MS }, () => {
  let redis: RunningRedis;
  let front: UpstashFront;
  let recorder: Recorder;
  let worker: RunningWorker;
  /** One that has no store. */
  let other: RunningWorker;

  beforeAll(async () => {
    redis = await startRedis();
    front = await startUpstash(redis.url);
    recorder = await startRecorder();
    const variables = { UPSTASH_REDIS_REST_URL: front.url, UPSTASH_REDIS_REST_TOKEN: front.token };
    const mistaken = { ...recorder.variables, STORE: 'nope' };
    [worker, other] = await Promise.all([
      startWorker({ ...variables, ...recorder.variables }, MAIN, { consumer: {} }),
      startWorker(mistaken, MAIN, { consumer: { max_retries: 1 }, dead: true }),
    ]);
  }, LIMIT_MS);
  afterAll(async () => {
    await Promise.all([worker?.stop(), other?.stop()]);
    await recorder?.source.close();
    await front?.stop();
    await redis?.stop();
  }, LIMIT_MS);

  async function ask({ path, ...asked }: Asked) {
    const response = await fetch(worker.url + path, { ...asked, signal: AbortSignal.timeout(20_000) });
    return (await response.json()) as {
      appended?: number;
      result?: { taskId?: string; structuredContent?: { status?: string } };
    };
  }
  const call = (name: string, args: object) => ask(mcpCall(name, args, recorder.variables));

  test('webhooks are with their receiver within seconds, and what a trigger begins is begun', async ({ expect }) => {
    await call('subscribe', hookOf(recorder));
    const took: number[] = [];
    for (const id of ['one', 'two', 'three']) {
      recorder.expect(`${id}/reacted`);
      const at = Date.now();
      expect(await ask(push(id, 11))).toMatchObject({ appended: 1 });
      await expect.poll(() => recorder.told.some((one) => one.id === id), soon).toBe(true);
      took.push((recorder.told.find((one) => one.id === id)?.at ?? Number.NaN) - at);
      await expect.poll(() => recorder.effects(id), soon).toEqual(id === 'one' ? ['reacted'] : []);
    }
    console.log(`from push to webhook through a queue in workerd, ms: ${took.join(', ')}`);
    // The schedule would bring them after a minute. `npm run bench queues` measures how soon they are there.
    for (const ms of took) expect(ms).toBeLessThan(15_000);
    expect(recorder.told.map(({ id }) => id)).toEqual(['one', 'two', 'three']);
  });

  test.concurrent('a wait for an event ends within seconds of it', async ({ expect }) => {
    const condition = { kind: 'threshold', field: 'level', above: 5 };
    const { result } = await call('wait_for', { stream: 'quiet', condition });
    const status = async () => (await call('get_task', { task: result?.taskId })).result?.structuredContent?.status;
    await expect.poll(() => status(), soon).toBe('working');
    await ask(push('low', 1, 'quiet'));
    await ask(push('high', 6, 'quiet'));
    await expect.poll(() => status(), { timeout: 15_000, interval: 200 }).toBe('completed');
  });

  test.concurrent('a message that came back too often is a dead letter', async ({ expect }) => {
    await other.enqueue({ tenant: 'public', taskId: 'x' });
    const dead = () => other.logged().filter((line) => line.startsWith('dead: '));
    await expect.poll(dead, soon).toEqual(['dead: {"tenant":"public","taskId":"x"}']);
    expect(other.logged().filter((line) => line.includes('no tasks are worked on'))).toHaveLength(2);
  });
});
