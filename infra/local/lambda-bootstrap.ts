/**
 * Lambda's Node runtime in small, for development and tests: a process that loads the handler named in `_HANDLER` and asks
 * the Runtime API for one invocation after the other, as AWS's own does. It has the platform's global for streams, whose
 * head goes out with the first write and never without one.
 */
import { once } from 'node:events';
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';

/** Not imported, because importing this module would load `fetch` too. AWS's own runtime does the same. */
const { request } = process.getBuiltinModule('node:http');

type Handler = (event: unknown, ...rest: unknown[]) => Promise<unknown>;

const API = `http://${process.env['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime`;
const HEAD_TYPE = 'application/vnd.awslambda.http-integration-response';
const STREAMING = Symbol('streaming');
const heads = new WeakMap<Writable, string>();

Object.assign(globalThis, {
  awslambda: {
    streamifyResponse: (handler: Handler) => Object.assign(handler, { [STREAMING]: true }),
    HttpResponseStream: {
      from(stream: ClientRequest, prelude: object): Writable {
        stream.setHeader('Content-Type', HEAD_TYPE);
        heads.set(stream, `${JSON.stringify(prelude)}${'\0'.repeat(8)}`);
        return stream;
      },
    },
  },
});

async function load(): Promise<Handler> {
  const [file = '', name = ''] = (process.env['_HANDLER'] ?? '').split('.');
  const url = pathToFileURL(join(process.env['LAMBDA_TASK_ROOT'] ?? '.', `${file}.mjs`));
  const module = (await import(url.href)) as Record<string, unknown>;
  const handler = module[name];
  if (typeof handler !== 'function') throw new Error(`${file}.mjs exports no function ${name}`);
  return handler as Handler;
}

async function serve(handler: Handler): Promise<never> {
  for (;;) {
    const { headers, text } = await ask('GET', 'invocation/next');
    const id = String(headers['lambda-runtime-aws-request-id']);
    const deadline = Number(headers['lambda-runtime-deadline-ms']);
    const context = { awsRequestId: id, getRemainingTimeInMillis: () => deadline - Date.now() };
    const event = JSON.parse(text) as unknown;
    await (STREAMING in handler ? streamed(handler, id, event, context) : buffered(handler, id, event, context));
  }
}

async function buffered(handler: Handler, id: string, event: unknown, context: object): Promise<void> {
  try {
    await post(`invocation/${id}/response`, (await handler(event, context)) ?? null);
  } catch (error) {
    await post(`invocation/${id}/error`, described(error));
  }
}

async function streamed(handler: Handler, id: string, event: unknown, context: object): Promise<void> {
  const stream = request(`${API}/invocation/${id}/response`, {
    method: 'POST',
    agent: false,
    headers: {
      'Content-Type': 'application/octet-stream',
      'Lambda-Runtime-Function-Response-Mode': 'streaming',
      'Transfer-Encoding': 'chunked',
      Trailer: 'Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body',
    },
  });
  const answered = once(stream, 'response').then(
    ([response]) => (response as Writable & { resume(): void }).resume(),
    () => {},
  );
  const write = stream.write.bind(stream) as (chunk: string | Uint8Array) => boolean;
  stream.write = (chunk: string | Uint8Array) => {
    const head = heads.get(stream);
    if (head === undefined) return write(chunk);
    heads.delete(stream);
    const goesOn = write(head);
    return chunk.length === 0 ? goesOn : write(chunk);
  };
  try {
    await handler(event, stream, context);
    if (!stream.writableEnded) stream.end();
  } catch (error) {
    const { errorType, ...rest } = described(error);
    if (!stream.headersSent) {
      stream.on('error', () => {}).destroy();
      return post(`invocation/${id}/error`, { errorType, ...rest });
    }
    const body = Buffer.from(JSON.stringify(rest)).toString('base64');
    stream.addTrailers({
      'Lambda-Runtime-Function-Error-Type': errorType,
      'Lambda-Runtime-Function-Error-Body': body,
    });
    stream.end();
  }
  await answered;
}

function described(error: unknown): { errorType: string; errorMessage: string; trace: string[] } {
  if (!(error instanceof Error)) return { errorType: 'Error', errorMessage: String(error), trace: [] };
  return { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? '').split('\n') };
}

async function post(path: string, body: unknown): Promise<void> {
  await ask('POST', path, JSON.stringify(body));
}

/** Does without `fetch`, which takes time to load; the handler loads it where it needs it. */
async function ask(method: string, path: string, body = ''): Promise<{ headers: IncomingHttpHeaders; text: string }> {
  const asking = request(`${API}/${path}`, { method });
  asking.end(body);
  const [response] = (await once(asking, 'response')) as [IncomingMessage];
  const text = Buffer.concat(await response.toArray()).toString();
  return { headers: response.headers, text };
}

const handler = await load().catch(async (error: unknown) => {
  await post('init/error', described(error));
  process.exit(1);
});
await serve(handler);
