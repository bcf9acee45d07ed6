/**
 * WebSockets on Node, over undici's: the connection goes to an address that was checked, headers are sent, messages are
 * bounded, and the socket below is paused until what came has been handled. It follows no redirect.
 *
 * It does not offer `permessage-deflate`. A peer may end the compressed data of a message (RFC 7692, 7.2.3.4), and undici then
 * gives every later message as an empty one, without an error. It costs bytes on the wire. What Workers negotiate is the
 * business of their own client.
 */
import type { Socket } from 'node:net';
import type { Dispatcher, WebSocket } from 'undici';
import type { OpenedWebSocket, OpenWebSocket } from '../../base/runtime.ts';
import { lookupIn } from './fetch.ts';

/** An answer to a handshake that is no upgrade. */
interface Refusal {
  kind: 'refused';
  status: number;
  retryAfter: string | null;
}

export const openWebSocket: OpenWebSocket = async (request, listener, signal) => {
  // Loaded on first use, so that a process without such a feed does not wait for it.
  const { Agent, buildConnector, WebSocket: Client } = await import('undici');
  signal.throwIfAborted();
  const { url, headers, addresses, maxMessageBytes } = request;
  const connect = buildConnector(addresses === null ? {} : { lookup: lookupIn(addresses) });
  let below: Socket | null = null;
  let refusal: Refusal | null = null;
  let broken: Error | null = null;
  // One agent per connection, because the addresses are those of one check.
  const agent = new Agent({
    connect: (options, callback) =>
      connect(options, (...[error, socket]) => {
        if (error === null) callback(null, (below = socket));
        else callback((broken = error), null);
      }),
    webSocket: { maxPayloadSize: maxMessageBytes },
  });
  const unasked = () => (broken = new Error('the answer names an extension that was not asked for'));
  const dispatcher = agent.compose(
    uncompressed(unasked),
    noting((answer) => (refusal = answer)),
  );
  const client = new Client(url, { protocols: [...request.protocols], headers, dispatcher });
  client.binaryType = 'arraybuffer';

  const destroy = () => void agent.destroy().catch(() => {});

  return new Promise((resolve, reject) => {
    let isOpen = false;
    const abandon = () => {
      reject(signal.reason as Error);
      client.close();
      destroy();
    };
    signal.addEventListener('abort', abandon, { once: true });
    client.addEventListener('message', ({ data }: { data: unknown }) => {
      if (typeof data === 'string') listener.message(data);
      else listener.message(new Uint8Array(data as ArrayBuffer));
    });
    client.addEventListener('open', () => {
      isOpen = true;
      signal.removeEventListener('abort', abandon);
      resolve({ kind: 'open', socket: opened(client, below, destroy) });
    });
    client.addEventListener('close', ({ code, reason }) => {
      signal.removeEventListener('abort', abandon);
      destroy();
      if (isOpen) listener.closed(code, reason);
      else if (refusal) resolve(refusal);
      // The client's own error has no message. The port may be one that browsers refuse, or the answer not a WebSocket's.
      else reject(broken ?? new Error('the handshake failed'));
    });
  });
};

/** How long a peer has for the end of the connection once a close was sent or received, ms. */
const FAREWELL_MS = 1_000;

function opened(client: WebSocket, below: Socket | null, destroy: () => void): OpenedWebSocket {
  let isHeld = false;
  let ending: ReturnType<typeof setTimeout> | null = null;
  // The client itself waits without end for a peer that says goodbye and keeps the connection.
  const look = () => {
    if (client.readyState === client.CLOSING) ending ??= setTimeout(() => below?.destroy(), FAREWELL_MS);
  };
  below?.on('data', look);
  below?.once('close', () => clearTimeout(ending ?? undefined));
  setImmediate(look);
  // The client resumes the socket whenever it has parsed what it was given.
  below?.on('resume', () => {
    if (isHeld) below.pause();
  });
  return {
    send(text) {
      if (client.readyState !== client.OPEN) throw new Error('the connection is closed');
      client.send(text);
    },
    close: (code) => client.close(code),
    destroy() {
      below?.destroy();
      destroy();
    },
    hold(held) {
      isHeld = held;
      if (held) below?.pause();
      else below?.resume();
    },
  };
}

/** Reports the status of an answer that is no upgrade, which the client itself does not show. */
function noting(tell: (refusal: Refusal) => void): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) =>
    dispatch(options, {
      ...bound(handler),
      onResponseStart(controller, status, headers) {
        const retryAfter = headers['retry-after'];
        tell({ kind: 'refused', status, retryAfter: typeof retryAfter === 'string' ? retryAfter : null });
        // Otherwise the client would read its body, and ask a second time after a 401.
        controller.abort(new Error('the handshake was refused'));
      },
    });
}

const EXTENSIONS = 'sec-websocket-extensions';

/** Offers no extension, and refuses a peer that uses one all the same (RFC 6455, 4.1), which the client would not. */
function uncompressed(unasked: () => Error): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) => {
    const headers = Object.entries(options.headers ?? {}).filter(([name]) => name.toLowerCase() !== EXTENSIONS);
    return dispatch(
      { ...options, headers: Object.fromEntries(headers) },
      {
        ...bound(handler),
        onRequestUpgrade(controller, status, answered, socket) {
          if (answered[EXTENSIONS] === undefined)
            return handler.onRequestUpgrade?.(controller, status, answered, socket);
          socket.destroy();
          return handler.onResponseError?.(controller, unasked());
        },
      },
    );
  };
}

/** The members of a handler, which may stand in its class. */
function bound(handler: Dispatcher.DispatchHandler): Dispatcher.DispatchHandler {
  return {
    onRequestStart: (controller, context) => handler.onRequestStart?.(controller, context),
    onRequestUpgrade: (controller, status, headers, socket) =>
      handler.onRequestUpgrade?.(controller, status, headers, socket),
    onResponseStart: (controller, status, headers, message) =>
      handler.onResponseStart?.(controller, status, headers, message),
    onResponseData: (controller, chunk) => handler.onResponseData?.(controller, chunk),
    onResponseEnd: (controller, trailers) => handler.onResponseEnd?.(controller, trailers),
    onResponseError: (controller, error) => handler.onResponseError?.(controller, error),
  };
}
