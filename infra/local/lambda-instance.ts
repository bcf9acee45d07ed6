/**
 * One instance of a function: a process with the runtime, and the Runtime API (2018-06-01) that it asks for work. It takes
 * one invocation at a time, and is ended when one lasts longer than it may, as on the platform.
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { transformSync } from 'esbuild';

export interface LambdaFunction {
  /** The folder of the code. */
  folder: string;
  /** File without ending, and export: `lambda-http.stream`. */
  handler: string;
  /** The whole environment of the process; nothing is inherited. */
  environment: Record<string, string>;
  timeoutMs: number;
}

/** What became of an invocation. */
export type Outcome =
  | { kind: 'value'; value: unknown }
  /** `failed` tells, at the end of the body, whether the function failed in the middle. */
  | { kind: 'stream'; contentType: string; body: IncomingMessage; failed: () => boolean }
  | { kind: 'error'; type: string; message: string };

export interface LambdaInstance {
  /** How long it took from its start until it asked for work, ms. Rejects where it cannot be initialised. */
  ready: Promise<number>;
  /** Resolves with the beginning of the answer; `done` with its end. */
  invoke(event: unknown): { outcome: Promise<Outcome>; done: Promise<void> };
  alive(): boolean;
  stop(): Promise<void>;
}

interface Work {
  id: string;
  event: unknown;
  settle: (outcome: Outcome) => void;
  end: () => void;
}

/** Built as JavaScript, so that no start spends time on stripping types. */
const BOOTSTRAP = transformSync(readFileSync(join(import.meta.dirname, 'lambda-bootstrap.ts'), 'utf8'), {
  loader: 'ts',
}).code;
const ROUTE = /^\/2018-06-01\/runtime\/(?:invocation\/(next|[^/]+)(?:\/(response|error))?|(init\/error))$/;
const FAILED = 'lambda-runtime-function-error-type';

/** @param onLine called with each line that the process writes. */
export async function startInstance(
  { folder, handler, environment, timeoutMs }: LambdaFunction,
  onLine: (line: string) => void,
): Promise<LambdaInstance> {
  const ready = Promise.withResolvers<number>();
  ready.promise.catch(() => {});
  let waiting: ServerResponse | null = null;
  let work: Work | null = null;
  const startedAt = performance.now();

  function give(): void {
    if (waiting === null || work === null) return;
    const headers = {
      'Content-Type': 'application/json',
      'Lambda-Runtime-Aws-Request-Id': work.id,
      'Lambda-Runtime-Deadline-Ms': String(Date.now() + timeoutMs),
      'Lambda-Runtime-Invoked-Function-Arn': 'arn:aws:lambda:eu-central-1:000000000000:function:local',
    };
    waiting.writeHead(200, headers).end(JSON.stringify(work.event));
    waiting = null;
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, target, action, initError] = ROUTE.exec(request.url ?? '') ?? [];
    if (target === 'next') {
      ready.resolve(performance.now() - startedAt);
      waiting = response;
      return give();
    }
    if (initError) {
      const { errorMessage } = (await json(request)) as { errorMessage: string };
      ready.reject(new Error(`the function cannot be initialised: ${errorMessage}`));
    } else if (work === null || work.id !== target) return void response.writeHead(400).end('{}');
    else if (action === 'error') {
      const { errorType, errorMessage } = (await json(request)) as { errorType: string; errorMessage: string };
      work.settle({ kind: 'error', type: errorType, message: errorMessage });
      work.end();
    } else if (request.headers['lambda-runtime-function-response-mode'] === 'streaming') {
      const contentType = request.headers['content-type'] ?? '';
      work.settle({ kind: 'stream', contentType, body: request, failed: () => FAILED in request.trailers });
      const { end } = work;
      await once(request, 'close');
      end();
    } else {
      work.settle({ kind: 'value', value: await json(request) });
      work.end();
    }
    if (!response.destroyed) response.writeHead(202, { 'Content-Type': 'application/json' }).end('{}');
  }

  const api = createServer((request, response) => void serve(request, response).catch(() => response.destroy()));
  api.listen(0, '127.0.0.1');
  await once(api, 'listening');
  const child = spawn(process.execPath, ['--input-type=module', '--eval', BOOTSTRAP], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...environment,
      AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${(api.address() as AddressInfo).port}`,
      AWS_LAMBDA_FUNCTION_NAME: 'local',
      LAMBDA_TASK_ROOT: folder,
      _HANDLER: handler,
    },
  });
  const killWithUs = () => void child.kill('SIGKILL');
  process.once('exit', killWithUs);
  child.once('exit', () => {
    process.removeListener('exit', killWithUs);
    ready.reject(new Error('the function ended before it was ready'));
    work?.settle({ kind: 'error', type: 'Runtime.ExitError', message: 'the process ended' });
    work?.end();
    api.closeAllConnections();
    api.close();
  });
  const ended = once(child, 'exit');
  for (const output of [child.stdout, child.stderr]) {
    createInterface({ input: output }).on('line', (line) => {
      if (line !== '') onLine(line);
    });
  }

  return {
    ready: ready.promise,
    alive: () => child.exitCode === null && child.signalCode === null && !child.killed,
    invoke(event) {
      const outcome = Promise.withResolvers<Outcome>();
      const done = Promise.withResolvers<void>();
      const timer = setTimeout(() => {
        outcome.resolve({ kind: 'error', type: 'Sandbox.Timedout', message: `timed out after ${timeoutMs} ms` });
        child.kill('SIGKILL');
      }, timeoutMs);
      const end = () => {
        clearTimeout(timer);
        work = null;
        done.resolve();
      };
      work = { id: randomUUID(), event, settle: outcome.resolve, end };
      give();
      return { outcome: outcome.promise, done: done.promise };
    },
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function json(request: IncomingMessage): Promise<unknown> {
  return JSON.parse(Buffer.concat(await request.toArray()).toString() || 'null') as unknown;
}
