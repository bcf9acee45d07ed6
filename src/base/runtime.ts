/**
 * What a host lends to the code: time, chance, the network and a log. Nothing below `hosts/` asks the platform itself
 * for any of these, so a test decides all of them.
 */
import { toBase64Url } from './base64url.ts';
import type { JsonObject } from './json.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export type Log = (level: LogLevel, message: string, fields?: JsonObject) => void;

/**
 * The platform's fetch. Where `addresses` is given the connection may go to one of these only, whatever the name
 * resolves to meanwhile; a platform that cannot promise that ignores it.
 */
export type Fetch = (
  input: string | URL | Request,
  init?: RequestInit & { addresses?: readonly string[] },
) => Promise<Response>;

export interface Runtime {
  /** Epoch milliseconds. */
  now(): number;
  /** In [0, 1): jitter and sampling; never for secrets. */
  random(): number;
  /** A new id of 128 random bits, URL-safe. */
  newId(): string;
  /** Resolves after `ms`, or at once when `signal` aborts; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  fetch: Fetch;
  /** Addresses of a host name, where the platform can tell; null where it cannot (its own network then keeps private addresses out). */
  resolve: ((host: string) => Promise<string[]>) | null;
  /** Opens a byte stream over TCP or TLS; null where the platform has none. */
  connect: Connect | null;
  /** Opens a WebSocket at an address that was checked; absent where the platform upgrades a fetch instead. */
  openWebSocket?: OpenWebSocket;
  log: Log;
}

/** A byte stream over TCP or TLS, as small as MQTT needs it. */
export interface ByteSocket {
  /** The next bytes; null at the end. Rejects when the connection breaks. */
  read(): Promise<Uint8Array | null>;
  /** Resolves when the platform has taken the bytes (backpressure). */
  write(bytes: Uint8Array): Promise<void>;
  /** Ends the connection; safe to call twice. */
  close(): void;
}

export interface TlsOptions {
  /** Certificate authorities to trust in place of the platform's, in PEM. */
  ca?: string;
  /** A client certificate, in PEM; it needs `key` beside it. */
  cert?: string;
  /** The key of the client certificate, in PEM. */
  key?: string;
  /** Host name for SNI. Default: that of the URL. */
  servername?: string;
}

export type Connect = (
  address: { host: string; port: number; tls: TlsOptions | null },
  signal: AbortSignal,
) => Promise<ByteSocket>;

export interface WebSocketRequest {
  /** `wss:` or `ws:`. */
  url: string;
  protocols: readonly string[];
  headers: Record<string, string>;
  /** The connection may go to one of these only; null: wherever the name leads. */
  addresses: readonly string[] | null;
  /** A larger message ends the connection, where the platform can be told. */
  maxMessageBytes: number;
}

/** Told of what comes, in order, also before `OpenWebSocket` has answered. */
export interface WebSocketListener {
  /** A text, or the bytes of a binary message. */
  message(data: string | Uint8Array): void;
  /** Once, with the close code: 1006 where the connection broke. */
  closed(code: number): void;
}

export interface OpenedWebSocket {
  /** @throws where the connection is closed */
  send(text: string): void;
  /** Begins the closing handshake; safe to call at any time. Messages that come behind it may be lost. */
  close(code: number): void;
  /** Ends the connection at once; safe to call twice. */
  destroy(): void;
  /** From `true` to `false` nothing more is read, so that the peer is slowed down; null where the platform cannot. */
  hold: ((held: boolean) => void) | null;
}

/** Rejects with the platform's own error when the connection cannot be made, or with the signal's reason. */
export type OpenWebSocket = (
  request: WebSocketRequest,
  listener: WebSocketListener,
  signal: AbortSignal,
) => Promise<
  { kind: 'open'; socket: OpenedWebSocket } | { kind: 'refused'; status: number; retryAfter: string | null }
>;

/** A URL-safe id of 128 bits from the platform's cryptographic source. */
export function randomId(): string {
  return toBase64Url(crypto.getRandomValues(new Uint8Array(16)));
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    }
    signal?.addEventListener('abort', done, { once: true });
  });
}

/** What every real host has; `connect` and `resolve` are added by the entries whose platform can. */
export function systemRuntime(log: Log): Runtime {
  return {
    now: () => Date.now(),
    random: () => Math.random(),
    newId: randomId,
    sleep,
    fetch: (input, init) => globalThis.fetch(input, init),
    resolve: null,
    connect: null,
    log,
  };
}
