/**
 * Answers a plain request of 2026-07-28 without the SDK: as one JSON text, or, from the first message that its handler sends
 * ahead of the answer, as a stream of server-sent events. The handler is begun once. What is not plain goes to the SDK.
 */
import { sentJson } from '../../base/json.ts';
import { TidegateError } from '../../base/errors.ts';
import { CLIENT_GONE, ENDING } from '../wire/errors.ts';
import { MISSING_CLIENT_CAPABILITY, type RpcError, rpcErrorResponse } from '../../base/json-rpc.ts';
import type { Runtime } from '../../base/runtime.ts';
import { type EventStream, openEventStream } from '../../calls/events/event-stream.ts';
import type { HeardRequest } from './caller.ts';
import type { Exchange } from './exchange.ts';
import { isAtLeast } from '../wire/log-levels.ts';
import type { PlainRequest } from '../wire/plain.ts';

export interface DirectDeps {
  runtime: Runtime;
  /** Runs the handler of a request. It throws what `failure` takes. */
  run: (request: PlainRequest, heard: HeardRequest, exchange: Exchange) => Promise<object>;
  /** What a client is told of an error. It sets the exchange's refusal. */
  failure: (method: string, thrown: unknown, exchange: Exchange) => RpcError;
  /** Who answers. */
  identity: object;
}

export interface Direct {
  serve(request: Request, plain: PlainRequest, exchange: Exchange): Promise<Response>;
  /** Aborts the handlers that are under way. */
  close(): void;
}

const SERVER_KEY = 'io.modelcontextprotocol/serverInfo';
const CLIENT_CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities';
const JSON_HEADERS = { 'Content-Type': 'application/json' };
/** Methods whose results may be kept by clients: those that do not say for how long are not. */
const KEPT: ReadonlySet<string> = new Set([
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
  'resources/read',
]);

type Members = Record<string, unknown>;

export function createDirect({ runtime, run, failure, identity }: DirectDeps): Direct {
  const underWay = new Set<() => void>();

  function encoded(method: string, given: object): object {
    const result = given as Members;
    const { resultType = 'complete', _meta: meta } = result;
    const isKept = resultType === 'complete' && KEPT.has(method);
    return {
      ...result,
      resultType,
      ...(isKept ? { ttlMs: result['ttlMs'] ?? 0, cacheScope: result['cacheScope'] ?? 'private' } : {}),
      _meta: { [SERVER_KEY]: identity, ...(meta as Members | undefined) },
    };
  }

  return {
    async serve(request, plain, exchange) {
      const { id, method } = plain;
      let stream: EventStream | null = null;
      let opened: ((response: Response) => void) | null = null;
      let gone: AbortController | null = null;
      const leave = () => {
        gone?.abort(new TidegateError('cancelled', 'the client has gone'));
        // Nobody reads it; a handler that goes on holds nothing up.
        opened?.(new Response(null, { status: CLIENT_GONE }));
      };
      const end = () => {
        opened?.(rpcErrorResponse(200, ENDING, { id }));
        opened = null;
        leave();
      };

      function signal(): AbortSignal {
        if (gone !== null) return gone.signal;
        gone = new AbortController();
        underWay.add(end);
        const { signal: client } = request;
        if (client.aborted) leave();
        else client.addEventListener('abort', leave, { once: true });
        stream?.over.addEventListener('abort', leave, { once: true });
        return gone.signal;
      }

      function notify(notification: { method: string; params?: object }): Promise<void> {
        if (opened !== null) {
          stream = openEventStream(runtime);
          if (gone !== null) stream.over.addEventListener('abort', leave, { once: true });
          opened(stream.response);
          opened = null;
        }
        stream?.write({ data: sentJson({ jsonrpc: '2.0', ...notification }) });
        return Promise.resolve();
      }

      const heard: HeardRequest = {
        mcpReq: {
          _meta: plain.meta,
          get signal() {
            return signal();
          },
          notify,
          log: (level, data, logger) =>
            plain.level !== null && isAtLeast(level, plain.level)
              ? notify({
                  method: 'notifications/message',
                  params: { level, data, ...(logger === undefined ? {} : { logger }) },
                })
              : Promise.resolve(),
          envelope: { [CLIENT_CAPABILITIES]: plain.capabilities },
          inputResponses: undefined,
          requestState: () => undefined,
        },
      };

      async function answer(): Promise<{ text: string; status: number }> {
        const work = run(plain, heard, exchange);
        exchange.working.add(work);
        try {
          return { text: sentJson({ result: encoded(method, await work), jsonrpc: '2.0', id }), status: 200 };
        } catch (thrown) {
          const error = failure(method, thrown, exchange);
          const status = error.code === MISSING_CLIENT_CAPABILITY ? 400 : 200;
          return { text: sentJson({ jsonrpc: '2.0', id, error }), status };
        } finally {
          exchange.working.delete(work);
          if (gone !== null) {
            underWay.delete(end);
            request.signal.removeEventListener('abort', leave);
          }
        }
      }

      const streamed = new Promise<Response>((resolve) => (opened = resolve));
      const answered = answer().then(({ text, status }) => {
        opened = null;
        if (stream === null) return new Response(text, { status, headers: JSON_HEADERS });
        stream.end({ data: text });
        return stream.response;
      });
      return Promise.race([streamed, answered]);
    },
    close() {
      for (const end of underWay) end();
      underWay.clear();
    },
  };
}
