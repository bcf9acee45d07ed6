/**
 * AWS Lambda in small, for development and tests: a function as processes of its own, and an HTTP front before it, which
 * answers as a function URL does (streamed) or as an HTTP API (at once), depending on what the handler answers.
 * Deliberately not here: permissions, throttling, and the limits on sizes.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type LambdaFunction, type LambdaInstance, type Outcome, startInstance } from './lambda-instance.ts';
import { eventOf, sendStream, sendValue } from './lambda-front.ts';

export interface LambdaOptions extends LambdaFunction {
  /** Instances at once; what comes beyond waits. Default 4. */
  concurrency?: number;
}

export interface RunningLambda {
  url: string;
  /** Each line that the processes wrote. */
  lines: string[];
  /** What the first instance needed to be ready, ms. */
  initMs: number;
  /** One invocation with an event of any kind; answers its value. @throws Error with the function's message. */
  invoke(event: unknown): Promise<unknown>;
  /** Ends all instances, as the platform does at any time; the next invocation starts one, with these variables too. */
  recycle(more?: Record<string, string>): Promise<void>;
  stop(): Promise<void>;
}

/** Resolves when a first instance is ready. @throws Error where the function cannot be initialised. */
export async function startLambda({ concurrency = 4, ...declared }: LambdaOptions): Promise<RunningLambda> {
  const lines: string[] = [];
  let variables: Record<string, string> = {};
  const all = new Set<LambdaInstance>();
  const idle: LambdaInstance[] = [];
  const queue: PromiseWithResolvers<LambdaInstance>[] = [];

  async function start(): Promise<LambdaInstance> {
    const environment = { ...declared.environment, ...variables };
    const instance = await startInstance({ ...declared, environment }, (line) => lines.push(line));
    all.add(instance);
    await instance.ready;
    return instance;
  }

  async function take(): Promise<LambdaInstance> {
    for (let free = idle.pop(); free; free = idle.pop()) {
      if (free.alive()) return free;
      all.delete(free);
    }
    if (all.size < concurrency) return start();
    const place = Promise.withResolvers<LambdaInstance>();
    queue.push(place);
    return place.promise;
  }

  function giveBack(instance: LambdaInstance): void {
    const alive = instance.alive();
    if (!alive) all.delete(instance);
    const next = queue.shift();
    if (next) (alive ? Promise.resolve(instance) : start()).then(next.resolve, next.reject);
    else if (alive) idle.push(instance);
  }

  async function invoke(event: unknown): Promise<{ outcome: Outcome; done: Promise<void> }> {
    const instance = await take();
    const { outcome, done } = instance.invoke(event);
    return { outcome: await outcome, done: done.then(() => giveBack(instance)) };
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { outcome } = await invoke(await eventOf(request));
    if (outcome.kind === 'stream') return sendStream(outcome, response);
    if (outcome.kind === 'value') return sendValue(outcome.value, response);
    lines.push(`${outcome.type}: ${outcome.message}`);
    response.writeHead(502, { 'Content-Type': 'application/json' }).end('{"message":"Internal Server Error"}');
  }

  const front = createServer((request, response) => void serve(request, response).catch(() => response.destroy()));
  const first = await startInstance(declared, (line) => lines.push(line));
  all.add(first);
  const initMs = await first.ready.catch(async (error: unknown) => {
    await first.stop();
    throw error;
  });
  idle.push(first);
  front.listen(0, '127.0.0.1');
  await once(front, 'listening');

  async function recycle(more: Record<string, string> = {}): Promise<void> {
    variables = more;
    const ending = [...all];
    all.clear();
    idle.length = 0;
    await Promise.all(ending.map((instance) => instance.stop()));
  }

  return {
    url: `http://127.0.0.1:${(front.address() as AddressInfo).port}`,
    lines,
    initMs,
    async invoke(event) {
      const { outcome, done } = await invoke(event);
      if (outcome.kind === 'stream') throw new Error('the function streams: ask its URL');
      await done;
      if (outcome.kind === 'value') return outcome.value;
      throw new Error(`${outcome.type}: ${outcome.message}`);
    },
    recycle,
    async stop() {
      front.closeAllConnections();
      front.close();
      await recycle();
    },
  };
}
