/**
 * From a push to its webhook at the receiver through a queue, with no schedule: on Workers in workerd with the queue of wrangler, and on
 * Lambda's host in this process with a stand-in of SQS. Stores are Redis and memory on this machine, as receivers are.
 */
import { startSqs } from '../../infra/local/sqs.ts';
import { createLambdaHost } from '../../src/hosts/lambda/host.ts';
import { event, invocation } from '../hosts/lambda/invocation.ts';
import { wakingApp } from '../hosts/waking-app.ts';
import { type Asked, hookOf, mcpCall, push, type Recorder, startRecorder } from '../hosts/waking.ts';
import { startWorker } from '../hosts/workers/workerd.ts';
import { startRedis } from '../services/redis.ts';
import { startUpstash } from '../services/upstash.ts';
import { print } from './print.ts';

const WARM = 5;
const EVENTS = 50;
const LONGEST_MS = 20_000;
const MAIN = 'test/hosts/workers/waking-worker.ts';
const region = 'eu-central-1';
const credentials = { accessKeyId: 'AKIDTEST', secretAccessKey: 'no secret of anybody' };

type Ask = (asked: Asked) => Promise<unknown>;

/** How long each took, ms, the shortest first. */
async function timesOf(recorder: Recorder, ask: Ask): Promise<number[]> {
  await ask(mcpCall('subscribe', hookOf(recorder), recorder.variables));
  const times: number[] = [];
  for (let round = 0; round < WARM + EVENTS; round += 1) {
    const id = `e${round}`;
    recorder.expect(`${id}/reacted`);
    const began = Date.now();
    await ask(push(id, 11));
    const arrived = () => recorder.told.find((one) => one.id === id)?.at;
    while (arrived() === undefined && Date.now() - began < LONGEST_MS) await new Promise((tell) => setTimeout(tell, 5));
    if (round >= WARM) times.push((arrived() ?? Number.POSITIVE_INFINITY) - began);
  }
  return times.toSorted((a, b) => a - b);
}

function rowsOf(host: string, times: readonly number[]): [string, string, string][] {
  const share = (of: number) => `${times[Math.min(times.length - 1, Math.floor(times.length * of))]} ms`;
  return [0.5, 0.99].map((of) => [`${host}, p${of * 100}`, share(of), '2000 ms']);
}

async function onWorkers(): Promise<number[]> {
  const redis = await startRedis();
  const front = await startUpstash(redis.url);
  const recorder = await startRecorder();
  const variables = { UPSTASH_REDIS_REST_URL: front.url, UPSTASH_REDIS_REST_TOKEN: front.token };
  const worker = await startWorker({ ...variables, ...recorder.variables }, MAIN, { consumer: {} });
  try {
    return await timesOf(recorder, async ({ path, ...asked }) => (await fetch(worker.url + path, asked)).text());
  } finally {
    await worker.stop();
    await recorder.source.close();
    await front.stop();
    await redis.stop();
  }
}

async function onLambda(): Promise<number[]> {
  const recorder = await startRecorder();
  const queue = await startSqs({ credentials, region });
  const environment = {
    STORE: 'memory',
    AUTH: 'keys',
    TASKS_QUEUE_URL: queue.url,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    ...recorder.variables,
  };
  const host = createLambdaHost(wakingApp(recorder.source.origin), environment, { write() {} });
  queue.consume((batch) => host.queue(batch as never, invocation(LONGEST_MS)));
  try {
    return await timesOf(recorder, async ({ method, path, headers, body }) => {
      const given = event(method, path, { body });
      await host.buffered({ ...given, headers: { ...given.headers, ...headers } }, invocation(LONGEST_MS));
    });
  } finally {
    await queue.stop();
    await recorder.source.close();
  }
}

export async function benchQueues(): Promise<void> {
  const lambda = rowsOf('Lambda’s host, stand-in of SQS', await onLambda());
  const workers = rowsOf('Workers in workerd, their queue', await onWorkers());
  print(`From a push to its webhook through a queue, ${EVENTS} events`, [...lambda, ...workers]);
}
