/** A host within a server of Node's own kind: `http.createServer`, Express, Connect, and what takes their middleware. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { INTERNAL_ERROR, rpcErrorResponse } from '../../base/json-rpc.ts';
import type { Host } from '../http-host.ts';

/** @param body What a framework read of the body, where the request does not have it as `body`. A function is no body. */
export type NodeListener = (incoming: IncomingMessage, outgoing: ServerResponse, body?: unknown) => Promise<void>;

/** A request as frameworks hand it on, with what they may have put there. */
type Handed = IncomingMessage & { body?: unknown; rawBody?: unknown };

/**
 * Answers every request that it is given; one that nothing is at gets 404. Below a path of another server
 * (`app.use('/live', nodeListener(host))`) set `publicUrl` to what that path is from outside. Where something before it has
 * read the body, the body is taken from `rawBody` or `body` of the request, as bytes, a text or a value.
 */
export function nodeListener(host: Pick<Host, 'fetch'>): NodeListener {
  /** Bodies that were passed beside their requests. */
  const passed = new WeakMap<IncomingMessage, unknown>();
  const listener = getRequestListener(
    (request, { incoming }) => {
      // Only Node's first version of HTTP is passed in.
      const given = incoming as Handed;
      if (!wasRead(given)) return host.fetch(request);
      const body = bodyOf(given, passed.get(given));
      return body === null ? lost() : host.fetch(withBody(request, body));
    },
    // Fetch and Response stay those of the process, which belongs to somebody else.
    { overrideGlobalObjects: false },
  );
  return (incoming, outgoing, body) => {
    // In the place of a body Express and Connect pass `next`.
    if (typeof body !== 'function') passed.set(incoming, body);
    return listener(incoming, outgoing);
  };
}

/**
 * Whether the request came with a body whose stream has been read. Until then `body` may be a getter that reads, or an
 * empty object that stands for nothing.
 */
function wasRead({ readableDidRead, method, headers }: Handed): boolean {
  const hasBody = Number(headers['content-length'] ?? 0) > 0 || headers['transfer-encoding'] !== undefined;
  return readableDidRead && hasBody && method !== 'GET' && method !== 'HEAD';
}

/** The body of which the stream has been read; null where nothing is left of it. */
function bodyOf(incoming: Handed, passed: unknown): Uint8Array<ArrayBuffer> | string | null {
  const { rawBody, body = passed } = incoming;
  // The text as it was sent has the digits of its numbers, a value only what a double holds of them.
  const read = rawBody instanceof Uint8Array || typeof rawBody === 'string' ? rawBody : body;
  if (typeof read === 'string') return read;
  if (read instanceof Uint8Array) return Uint8Array.from(read);
  return read === undefined ? null : JSON.stringify(read);
}

/** The caller did nothing wrong, so it is not told that its message cannot be read. */
function lost(): Response {
  return rpcErrorResponse(500, {
    code: INTERNAL_ERROR,
    message: 'The server read the body before it handed the request on, and kept nothing of it',
    data: {
      expected:
        'the host before what reads bodies, or the body as request.body or as the third argument of the listener',
    },
  });
}

/** The same request with that body. Whoever read it unpacked it, and decoded its text. */
function withBody(request: Request, body: Uint8Array<ArrayBuffer> | string): Request {
  const headers = new Headers(request.headers);
  headers.delete('content-encoding');
  headers.set('content-length', `${Buffer.byteLength(body)}`);
  return new Request(request.url, { method: request.method, headers, body, signal: request.signal });
}
