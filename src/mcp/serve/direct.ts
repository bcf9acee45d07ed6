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
import type { McpLogLevel } from '../../declare/context.ts';
import type { HeardRequest } from './caller.ts';
import type { Exchange } from './exchange.ts';
import { createKeptLists, type KeptLists } from './kept-lists.ts';
import { isAtLeast } from '../wire/log-levels.ts';
import type { PlainRequest } from '../wire/plain.ts';
import { CLIENT_CAPABILITIES_META_KEY } from '../wire/meta-keys.ts';

export interface DirectDeps {
  runtime: Runtime;
  /** Runs the handler of a request. It throws what `failure` takes. */
  run: (request: PlainRequest, heard: HeardRequest, exchange: Exchange) => Promise<object>;
  /** What a client is told of an error. It sets the exchange's refusal. */
  failure: (method: string, thrown: unknown, exchange: Exchange) => RpcError;
  /** Who answers. */
  identity: object;
}

interface Direct {
  serve(request: Request, plain: PlainRequest, exchange: Exchange): Promise<Response>;
  /** Aborts the handlers that are under way. */
  close(): void;
}

const SERVER_KEY = 'io.modelcontextprotocol/serverInfo';
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
type MessageContext = HeardRequest['mcpReq'];

export function createDirect(deps: DirectDeps): Direct {
  const underWay = new Set<DirectRequest>();
  const shared = { deps, underWay, lists: createKeptLists() };
  return {
    serve(request, plain, exchange) {
      return new Promise((resolve, reject) => {
        void new DirectRequest(shared, request, plain, { resolve, reject }).begin(exchange);
      });
    },
    close() {
      for (const request of underWay) request.end();
      underWay.clear();
    },
  };
}

/** What all requests have in common. */
interface Shared {
  deps: DirectDeps;
  underWay: Set<DirectRequest>;
  lists: KeptLists;
}

interface Answer {
  resolve(response: Response): void;
  reject(thrown: unknown): void;
}

/** One request, from its handler's begin to the end of its answer. It stands for the SDK's context of a request. */
class DirectRequest implements MessageContext {
  readonly #deps: DirectDeps;
  readonly #underWay: Set<DirectRequest>;
  readonly #lists: KeptLists;
  readonly #request: Request;
  readonly #plain: PlainRequest;
  /** Null: the answer has begun. */
  #answer: Answer | null;
  #stream: EventStream | null = null;
  /** Null: nobody asked for the signal. */
  #gone: AbortController | null = null;
  readonly envelope: MessageContext['envelope'];
  readonly inputResponses = undefined;

  constructor({ deps, underWay, lists }: Shared, request: Request, plain: PlainRequest, answer: Answer) {
    this.#deps = deps;
    this.#underWay = underWay;
    this.#lists = lists;
    this.#request = request;
    this.#plain = plain;
    this.#answer = answer;
    this.envelope = { [CLIENT_CAPABILITIES_META_KEY]: plain.capabilities } as MessageContext['envelope'];
  }

  async begin(exchange: Exchange): Promise<void> {
    const list = this.#lists.find(this.#plain, exchange.registry);
    if (list !== null) {
      this.#begins(new Response(list, { status: 200, headers: JSON_HEADERS }));
      return;
    }
    const work = this.#deps.run(this.#plain, { mcpReq: this }, exchange);
    exchange.working.add(work);
    try {
      const result = await work;
      this.#over(work, exchange);
      this.#finish(result, exchange);
    } catch (thrown) {
      this.#over(work, exchange);
      this.#fail(thrown, exchange);
    }
  }

  #over(work: Promise<object>, exchange: Exchange): void {
    exchange.working.delete(work);
    if (this.#gone === null) return;
    this.#underWay.delete(this);
    this.#request.signal.removeEventListener('abort', this.#leave);
  }

  #finish(result: object, { registry }: Exchange): void {
    const text = sentJson(encoded(this.#plain.method, result, this.#deps.identity));
    this.#lists.keep(this.#plain, registry, text);
    this.#send(`{"result":${text},"jsonrpc":"2.0","id":${JSON.stringify(this.#plain.id)}}`, 200);
  }

  #fail(thrown: unknown, exchange: Exchange): void {
    const { id, method } = this.#plain;
    try {
      const error = this.#deps.failure(method, thrown, exchange);
      this.#send(sentJson({ jsonrpc: '2.0', id, error }), error.code === MISSING_CLIENT_CAPABILITY ? 400 : 200);
    } catch (defect) {
      this.#answer?.reject(defect);
      this.#stream?.end();
    }
  }

  #send(text: string, status: number): void {
    if (this.#stream !== null) this.#stream.end({ data: text });
    else this.#begins(new Response(text, { status, headers: JSON_HEADERS }));
  }

  #begins(response: Response): void {
    this.#answer?.resolve(response);
    this.#answer = null;
  }

  readonly #leave = (): void => {
    this.#gone?.abort(new TidegateError('cancelled', 'the client has gone'));
    // Nobody reads it; a handler that goes on holds nothing up.
    this.#begins(new Response(null, { status: CLIENT_GONE }));
  };

  /** Ends it, because the process ends. */
  end(): void {
    this.#begins(rpcErrorResponse(200, ENDING, { id: this.#plain.id }));
    this.#leave();
  }

  get _meta(): MessageContext['_meta'] {
    return this.#plain.meta;
  }

  get signal(): AbortSignal {
    if (this.#gone !== null) return this.#gone.signal;
    this.#gone = new AbortController();
    this.#underWay.add(this);
    const { signal: client } = this.#request;
    if (client.aborted) this.#leave();
    else client.addEventListener('abort', this.#leave, { once: true });
    this.#stream?.over.addEventListener('abort', this.#leave, { once: true });
    return this.#gone.signal;
  }

  notify(notification: { method: string; params?: object }): Promise<void> {
    if (this.#answer !== null) {
      this.#stream = openEventStream(this.#deps.runtime);
      if (this.#gone !== null) this.#stream.over.addEventListener('abort', this.#leave, { once: true });
      this.#begins(this.#stream.response);
    }
    this.#stream?.write({ data: sentJson({ jsonrpc: '2.0', ...notification }) });
    return Promise.resolve();
  }

  log(level: McpLogLevel, data: unknown, logger?: string): Promise<void> {
    const least = this.#plain.level;
    if (least === null || !isAtLeast(level, least)) return Promise.resolve();
    const params = { level, data, ...(logger === undefined ? {} : { logger }) };
    return this.notify({ method: 'notifications/message', params });
  }

  requestState(): undefined {}
}

function encoded(method: string, given: object, identity: object): object {
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
