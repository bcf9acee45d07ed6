/**
 * Tasks through a queue of Workers, in workerd: what is begun is worked on without any cron; what a queue may do to a
 * message (lose it, double it, bring it back, bring another's) costs time at most, and runs no effect twice.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { unstable_readConfig as readWranglerConfig } from 'wrangler';
import { requireService } from '../../services/available.ts';
import { type HttpSource, startHttpSource } from '../../services/http-feed.ts';
import { type RunningRedis, startRedis } from '../../services/redis.ts';
import { type Relay, startRelay } from '../../services/relay.ts';
import { startUpstash, type UpstashFront } from '../../services/upstash.ts';
import { QUEUES, type QueueSettings, type RunningWorker, startWorker } from './workerd.ts';

const LIMIT_MS = 60_000;
const VERSION = '2026-07-28';
const META = {
  'io.modelcontextprotocol/protocolVersion': VERSION,
  'io.modelcontextprotocol/clientCapabilities': {
    elicitation: {},
    extensions: { 'io.modelcontextprotocol/tasks': {} },
  },
};

/** Seldom enough for a task that is asked for by everybody. */
const soon = { timeout: 15_000, interval: 400 };

interface TaskView {
  taskId: string;
  status: string;
  statusMessage?: string;
  result?: { content: { text: string }[] };
}

async function call(worker: RunningWorker, method: string, params: object): Promise<TaskView> {
  const { name, taskId = name } = params as { name?: string; taskId?: string };
  const response = await fetch(`${worker.url}/mcp`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      'MCP-Protocol-Version': VERSION,
      'Mcp-Method': method,
      'Mcp-Name': taskId ?? '',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: META } }),
    signal: AbortSignal.timeout(20_000),
  });
  const { result, error } = (await response.json()) as { result?: TaskView; error?: object };
  if (result === undefined) throw new Error(JSON.stringify(error));
  return result;
}

/** The step before the sleep is remembered, and the entry over. */
async function untilAsleep(view: () => Promise<TaskView>): Promise<void> {
  await expect.poll(async () => (await view()).statusMessage, soon).toBe('sleeps');
  for (let look = 0; look < 5; look += 1) await view();
}

const message = (taskId: string) => ({ tenant: 'public', taskId });

test('the lines of wrangler.toml that bind a queue are what is tested here', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-wrangler-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const lines = readFileSync(resolve(import.meta.dirname, '../../../wrangler.toml'), 'utf8');
  const config = join(folder, 'wrangler.toml');
  writeFileSync(config, lines.replace(/^# (?=\[\[queues|binding = |queue = |max_|dead_letter)/gm, ''));
  const { queues } = readWranglerConfig({ config });
  expect(queues).toEqual(QUEUES);
});

describe.skipIf(!requireService('redis'))('a queue of tasks (needs redis-server)', { timeout: LIMIT_MS }, () => {
  let redis: RunningRedis;
  let front: UpstashFront;
  let relay: Relay;
  let recorder: HttpSource;
  /** With the settings of `wrangler.toml`. */
  let usual: RunningWorker;
  let names = 0;

  beforeAll(async () => {
    redis = await startRedis();
    front = await startUpstash(redis.url);
    relay = await startRelay(Number(new URL(front.url).port));
    recorder = await startHttpSource();
    usual = await start({ consumer: {} });
  }, LIMIT_MS);
  afterAll(async () => {
    await usual?.stop();
    await recorder?.close();
    await relay?.stop();
    await front?.stop();
    await redis?.stop();
  }, LIMIT_MS);

  async function start(queue: QueueSettings, more: Record<string, string> = {}): Promise<RunningWorker> {
    const variables = {
      UPSTASH_REDIS_REST_URL: `http://127.0.0.1:${relay.port}`,
      UPSTASH_REDIS_REST_TOKEN: front.token,
      RECORD_URL: recorder.origin,
      ...more,
    };
    return startWorker(variables, 'test/hosts/workers/queue-app.ts', queue);
  }

  /** A task with effects under a name of its own, which the recorder answers. */
  async function begin(worker: RunningWorker, task: string, more: object = {}) {
    const name = `t${(names += 1)}`;
    for (const step of ['first', 'second']) recorder.on(`/${name}/${step}`, (_request, response) => response.end(step));
    const { taskId } = await call(worker, 'tools/call', { name: task, arguments: { name, ...more } });
    return {
      taskId,
      name,
      view: () => call(worker, 'tasks/get', { taskId }),
      status: async () => (await call(worker, 'tasks/get', { taskId })).status,
      effects: () => effectsOf(name),
    };
  }

  /** The steps of a task that were begun, in order. */
  function effectsOf(name: string): string[] {
    const begun = recorder.requests.filter(({ path }) => path.startsWith(`/${name}/`));
    return begun.map(({ path }) => path.slice(name.length + 2));
  }

  test('what tools/call begins is worked on and completes without any cron', async () => {
    const tasks = await Promise.all(Array.from({ length: 8 }, () => begin(usual, 'two')));
    for (const { status, effects } of tasks) {
      await expect.poll(status, soon).toBe('completed');
      expect(effects()).toEqual(['first', 'second']);
    }
  });

  test('one that sleeps is sent again for when it goes on', async () => {
    const startedAt = Date.now();
    const { status, effects } = await begin(usual, 'sleeps', { ms: 4_000 });
    await expect.poll(effects, soon).toEqual(['first']);
    expect(await status()).toBe('working');
    await expect.poll(status, soon).toBe('completed');
    expect(Date.now() - startedAt).toBeGreaterThan(4_000);
    expect(effects()).toEqual(['first', 'second']);
  });

  test('an answered question wakes it', async () => {
    const { taskId, status, view, effects } = await begin(usual, 'asks');
    await expect.poll(status, soon).toBe('input_required');
    const { inputRequests } = (await view()) as TaskView & { inputRequests: Record<string, unknown> };
    const [key = ''] = Object.keys(inputRequests);
    const inputResponses = { [key]: { action: 'accept', content: { sure: true } } };
    await call(usual, 'tasks/update', { taskId, inputResponses });
    await expect.poll(status, soon).toBe('completed');
    expect((await view()).result).toMatchObject({ content: [{ text: 'accept' }] });
    expect(effects()).toEqual(['first', 'second']);
  });

  test('a message that is lost is made up for by the cron trigger', async () => {
    const worker = await start({ consumer: null });
    onTestFinished(() => worker.stop());
    const { status, effects } = await begin(worker, 'two');
    // Nobody is at it: the queue is the only one who was told.
    for (let look = 0; look < 5; look += 1) expect(await status()).toBe('working');
    expect(effects()).toEqual([]);
    expect(await worker.cron()).toBe(true);
    expect(await status()).toBe('completed');
    expect(effects()).toEqual(['first', 'second']);
  });

  test('messages that are doubled, early or late run nothing twice', async () => {
    const { taskId, status, effects } = await begin(usual, 'sleeps', { ms: 3_000 });
    const again = () => Promise.all(Array.from({ length: 20 }, () => usual.enqueue(message(taskId))));
    await again();
    await expect.poll(effects, soon).toEqual(['first']);
    await again();
    await usual.cron();
    await expect.poll(status, soon).toBe('completed');
    await again();
    await usual.enqueue(message(taskId), { delaySeconds: 1 });
    const other = await begin(usual, 'two');
    await expect.poll(other.status, soon).toBe('completed');
    expect(effects()).toEqual(['first', 'second']);
  });

  test('messages that are none of ours are taken out with a warning, and harm nothing', async () => {
    const garbage = [
      null,
      'text',
      7,
      [],
      {},
      { tenant: 'public' },
      { tenant: 'public', taskId: 7 },
      { tenant: null, taskId: 'x' },
      { tenant: 'public', taskId: '' },
      { tenant: 'public/../other', taskId: 'x' },
      { tenant: 'public', taskId: 'x'.repeat(100_000) },
      { tenant: 'x'.repeat(100_000), taskId: 'x' },
      'x'.repeat(100_000),
    ];
    for (const body of garbage) await usual.enqueue(body);
    // Well formed, of a task that never was.
    await usual.enqueue(message('nobody'));
    const { status } = await begin(usual, 'two');
    await expect.poll(status, soon).toBe('completed');
    const warned = () => usual.logged().filter((line) => line.includes('is none of ours')).length;
    await expect.poll(warned, soon).toBe(garbage.length);
    // None comes back, or another warning would.
    await usual.enqueue({ tenant: 'public' });
    await expect.poll(warned, soon).toBe(garbage.length + 1);
    expect(usual.logged().filter((line) => line.includes('tried again'))).toEqual([]);
  });

  test('one that the store broke comes back, and goes on when the store does', async () => {
    const { taskId, status, view, effects } = await begin(usual, 'sleeps', { ms: 4_000 });
    await untilAsleep(view);
    await relay.cut();
    try {
      await usual.enqueue(message(taskId));
      await expect.poll(() => usual.logged().join('\n'), soon).toContain('it is tried again');
    } finally {
      await relay.mend();
    }
    await expect.poll(status, { ...soon, timeout: 30_000 }).toBe('completed');
    expect(effects()).toEqual(['first', 'second']);
  });

  test('one that comes to a Worker that cannot start comes back, and the log says why', async () => {
    const mistaken = await start({ consumer: { max_retries: 1 } }, { STORE: 'nope' });
    onTestFinished(() => mistaken.stop());
    await mistaken.enqueue(message('x'));
    const told = () => mistaken.logged().filter((line) => /no tasks are worked on: .*STORE/.test(line)).length;
    await expect.poll(told, soon).toBe(2);
  });

  test('one that came back too often is left to the cron trigger', async () => {
    const worker = await start({ consumer: { max_retries: 1 } });
    onTestFinished(() => worker.stop());
    const { status, view, effects } = await begin(worker, 'sleeps', { ms: 4_000 });
    await untilAsleep(view);
    await relay.cut();
    const failures = () => worker.logged().filter((line) => line.includes('it is tried again')).length;
    try {
      await expect.poll(failures, soon).toBe(2);
    } finally {
      await relay.mend();
    }
    const other = await begin(worker, 'sleeps', { ms: 3_000 });
    await expect.poll(other.status, soon).toBe('completed');
    expect([await status(), effects()]).toEqual(['working', ['first']]);
    // Its lease may stand a while yet, where the store broke what gives it back.
    await expect
      .poll(async () => [await worker.cron(), await status()], { timeout: 40_000, interval: 1_000 })
      .toEqual([true, 'completed']);
    expect(effects()).toEqual(['first', 'second']);
  });
});
