/**
 * A function that wakes others through SQS, which a stand-in with the same protocol is here: tasks go on and webhooks are sent without
 * any schedule, an instance does not answer before its messages are sent, and what a queue may do to a message harms nothing.
 */
import { describe, type TestContext, test } from 'vitest';
import { type QueueOptions, type RunningQueue, startSqs } from '../../../infra/local/sqs.ts';
import { createLambdaHost, type LambdaHost } from '../../../src/hosts/lambda/host.ts';
import { wakingApp } from '../waking-app.ts';
import { type Asked, hookOf, mcpCall, push, type Recorder, startRecorder } from '../waking.ts';
import { event, invocation } from './invocation.ts';

const credentials = { accessKeyId: 'AKIDTEST', secretAccessKey: 'no secret of anybody' };
const region = 'eu-central-1';
const soon = { timeout: 20_000, interval: 20 };
/** Seldom enough for a task, which may be asked for so often and no more. */
const seldom = { ...soon, interval: 400 };

interface World {
  recorder: Recorder;
  queue: RunningQueue;
  host: LambdaHost;
  lines: string[];
  ask: (asked: Asked) => Promise<Answer>;
  begin: (name: string, ms?: number) => Promise<string>;
  status: (taskId: string) => Promise<string>;
  schedule: () => Promise<unknown>;
}

interface Answer {
  result?: { taskId?: string; structuredContent?: { status?: string } };
  appended?: number;
}

async function world(
  { onTestFinished }: TestContext,
  options: Partial<QueueOptions> = {},
  more: Record<string, string> = {},
): Promise<World> {
  const recorder = await startRecorder();
  onTestFinished(() => recorder.source.close());
  const queue = await startSqs({ credentials, region, ...options });
  onTestFinished(() => queue.stop());
  const lines: string[] = [];
  const environment = {
    STORE: 'memory',
    AUTH: 'keys',
    TASKS_QUEUE_URL: queue.url,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: 'a token of a role',
    ...recorder.variables,
    ...more,
  };
  const host = createLambdaHost(wakingApp(recorder.source.origin), environment, {
    write: (line) => void lines.push(line),
  });
  queue.consume((batch) => host.queue(batch as never, invocation(20_000)));
  async function ask({ method, path, headers, body }: Asked): Promise<Answer> {
    const given = event(method, path, { body });
    const answer = await host.buffered({ ...given, headers: { ...given.headers, ...headers } }, invocation(20_000));
    return JSON.parse(answer.body) as Answer;
  }
  const call = (name: string, args: object) => ask(mcpCall(name, args, recorder.variables));
  return {
    recorder,
    queue,
    host,
    lines,
    ask,
    async begin(name, ms = 0) {
      recorder.expect(`${name}/first`, `${name}/second`);
      const { result } = await call('sleeps', { name, ms });
      if (result?.taskId === undefined) throw new Error(JSON.stringify(result));
      return result.taskId;
    },
    async status(taskId) {
      const { result } = await call('get_task', { task: taskId });
      return result?.structuredContent?.status ?? JSON.stringify(result);
    },
    schedule: () => host.scheduled({}, invocation(20_000)),
  };
}

// Most of their time they wait.
describe.concurrent('what waits, or is brought twice or never', () => {
  test('a task is worked on without any schedule, and goes on when its sleep is over', async (context) => {
    const { expect } = context;
    const { begin, status, recorder, queue } = await world(context);
    const startedAt = Date.now();
    const taskId = await begin('t', 3_000);
    // The platform freezes the instance now, so it is on its way.
    expect(queue.sent).toHaveLength(1);
    await expect.poll(() => status(taskId), seldom).toBe('completed');
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(3_000);
    expect(recorder.effects('t')).toEqual(['first', 'second']);
    expect(queue.sent.map(({ delaySeconds }) => delaySeconds)).toEqual([0, 3]);
    expect([queue.refused, queue.waiting()]).toEqual([[], 0]);
  });

  test('messages that come twice run nothing twice', async (context) => {
    const { expect } = context;
    const { ask, begin, status, recorder, queue } = await world(context, { doubles: true });
    await ask(mcpCall('subscribe', hookOf(recorder), recorder.variables));
    const taskId = await begin('t', 500);
    recorder.expect('loud/reacted');
    await ask(push('loud', 11));
    await expect.poll(() => status(taskId), seldom).toBe('completed');
    await expect.poll(() => recorder.effects('loud'), soon).toEqual(['reacted']);
    await expect.poll(() => queue.waiting(), soon).toBe(0);
    expect(recorder.effects('t')).toEqual(['first', 'second']);
    expect(recorder.told.map(({ id }) => id)).toEqual(['loud']);
  });

  test('a task that goes on later than a message can wait is left to the schedule', async (context) => {
    const { expect } = context;
    const { begin, status, recorder, queue } = await world(context);
    const taskId = await begin('t', 901_000);
    await expect.poll(() => recorder.effects('t'), soon).toEqual(['first']);
    await expect.poll(() => queue.waiting(), soon).toBe(0);
    expect(queue.sent).toHaveLength(1);
    expect(await status(taskId)).toBe('working');
  });

  test('messages that are none of ours are taken out, and keep nobody from the others', async (context) => {
    const { expect } = context;
    const { begin, status, queue, lines } = await world(context);
    const garbage = [
      'text',
      'null',
      '{}',
      '[]',
      '{"tenant":"../x","taskId":"x"}',
      '{"tenant":"public","stream":"a/b"}',
    ];
    for (const body of garbage) queue.send(body);
    // Well formed, of a task that never was and a log that is none.
    queue.send('{"tenant":"public","taskId":"nobody"}');
    queue.send('{"tenant":"public","stream":"nothing"}');
    const taskId = await begin('t');
    await expect.poll(() => status(taskId), seldom).toBe('completed');
    await expect.poll(() => queue.waiting(), soon).toBe(0);
    expect(lines.filter((line) => line.includes('is none of ours'))).toHaveLength(garbage.length);
    expect([queue.deadLetters, queue.refused]).toEqual([[], []]);
  });

  test('a queue that fails is asked again, and one that is gone costs no answer: the schedule finds what is due', async (context) => {
    const { expect } = context;
    const { begin, status, recorder, queue, lines, schedule } = await world(context);
    queue.fail(2);
    const first = await begin('t');
    await expect.poll(() => status(first), seldom).toBe('completed');
    await queue.stop();
    const second = await begin('u');
    expect(lines.filter((line) => line.includes('the schedule finds it'))).toHaveLength(1);
    expect(await status(second)).toBe('working');
    await schedule();
    expect([await status(second), recorder.effects('u')]).toEqual(['completed', ['first', 'second']]);
  });

  test('a role that may not send is named in the log, and the answer is given all the same', async (context) => {
    const { expect } = context;
    const { begin, queue, lines } = await world(context, {}, { AWS_SECRET_ACCESS_KEY: 'of somebody else' });
    await begin('t');
    expect(queue.refused.join()).toContain('another signature');
    expect(lines.join('\n')).toContain('SQS refuses SendMessage: 403');
  });

  test('what the store breaks comes back after a pause of its own, and is a dead letter in the end', async (context) => {
    const { expect } = context;
    // Nobody is at that port.
    const gone = { STORE: 'redis', UPSTASH_REDIS_REST_URL: 'http://127.0.0.1:9', UPSTASH_REDIS_REST_TOKEN: 'x' };
    const { queue, host } = await world(context, { maxReceiveCount: 2, visibilityMs: 3_600_000 }, gone);
    const answers: unknown[] = [];
    queue.consume(async (batch) => {
      const answer = await host.queue(batch as never, invocation(3_000));
      answers.push(answer);
      return answer;
    });
    queue.send('{"tenant":"public","taskId":"one"}');
    queue.send('not for us');
    await expect
      .poll(() => queue.deadLetters.map(({ body }) => body), soon)
      .toEqual(['{"tenant":"public","taskId":"one"}']);
    const [message] = queue.deadLetters;
    const failed = { batchItemFailures: [{ itemIdentifier: message?.id }] };
    // Its visibility is an hour, so it was told to come sooner.
    expect(answers).toEqual([failed, failed]);
  });

  test('without a region or credentials the start says which variable is missing', async (context) => {
    const { expect } = context;
    const { host } = await world(context, {}, { AWS_REGION: '' });
    await expect(host.queue({ Records: [] }, invocation(5_000))).rejects.toMatchObject({
      code: 'invalid_config',
      field: 'AWS_REGION',
    });
  });
});

// By themselves, and once all is loaded.
describe('what is to be soon', () => {
  test('a webhook is with its receiver within 2 s, and what a trigger begins is begun', async (context) => {
    const { expect } = context;
    const { ask, recorder, queue } = await world(context);
    const { variables } = recorder;
    await ask(mcpCall('subscribe', hookOf(recorder), variables));
    recorder.expect('loud/reacted');
    const pushedAt = Date.now();
    expect(await ask(push('loud', 11))).toMatchObject({ appended: 1 });
    expect(queue.sent.length).toBeGreaterThan(0);
    await expect.poll(() => recorder.told.map(({ id }) => id), soon).toEqual(['loud']);
    expect((recorder.told[0]?.at ?? 0) - pushedAt).toBeLessThan(2_000);
    await expect.poll(() => recorder.effects('loud'), soon).toEqual(['reacted']);
  });

  test('a wait for an event ends within seconds of it', async (context) => {
    const { expect } = context;
    const { ask, status, recorder, queue } = await world(context);
    const condition = { kind: 'threshold', field: 'level', above: 5 };
    const wait = await ask(mcpCall('wait_for', { stream: 'quiet', condition }, recorder.variables));
    const taskId = wait.result?.taskId ?? '';
    await expect.poll(() => queue.sent.length > 0 && queue.waiting() === 0, soon).toBe(true);
    expect(await status(taskId)).toBe('working');
    const pushedAt = Date.now();
    await ask(push('low', 1, 'quiet'));
    await ask(push('high', 6, 'quiet'));
    await expect.poll(() => status(taskId), seldom).toBe('completed');
    expect(Date.now() - pushedAt).toBeLessThan(20_000);
  });
});
