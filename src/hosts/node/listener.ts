/** A host within a server of Node's own kind: `http.createServer`, Express, Connect, and what takes their middleware. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
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
      const body = readBefore(incoming as Handed, passed.get(incoming as IncomingMessage));
      return host.fetch(body === null ? request : withBody(request, body));
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

/** The body where its stream has been read already; null where it is still to be read, or nothing is left of it. */
function readBefore(incoming: Handed, passed: unknown): Uint8Array<ArrayBuffer> | string | null {
  // Until then `body` may be a getter that reads, or an empty object that stands for nothing.
  if (!incoming.readableDidRead || incoming.method === 'GET' || incoming.method === 'HEAD') return null;
  // The text as it was sent has the digits of its numbers, a value only what a double holds of them.
  const { rawBody, body = passed } = incoming;
  const read = rawBody instanceof Uint8Array || typeof rawBody === 'string' ? rawBody : body;
  if (typeof read === 'string') return read;
  if (read instanceof Uint8Array) return Uint8Array.from(read);
  return read === undefined ? null : JSON.stringify(read);
}

/** The same request with that body. Whoever read it unpacked it, and decoded its text. */
function withBody(request: Request, body: Uint8Array<ArrayBuffer> | string): Request {
  const headers = new Headers(request.headers);
  headers.delete('content-encoding');
  headers.set('content-length', `${Buffer.byteLength(body)}`);
  return new Request(request.url, { method: request.method, headers, body, signal: request.signal });
}
