/**
 * What a host lends to the code: time, randomness, the network and a log. Nothing below `hosts/` asks the platform itself
 * for any of these, so a test decides all of them.
 */
import { toBase64Url } from './base64url.ts';
import type { JsonObject } from './json.ts';
import type { Pace } from './pace.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface Log {
  (level: LogLevel, message: string, fields?: JsonObject): void;
  /** Whether lines of that level go anywhere, so that nobody makes lines that nobody reads. Absent: all do. */
  wants?(level: LogLevel): boolean;
}

/**
 * The platform's fetch. Where `addresses` is given, the connection may go to one of these only, whatever the host name
 * resolves to by then. A platform that cannot promise this ignores the option.
 */
export type Fetch = (
  input: string | URL | Request,
  init?: RequestInit & { addresses?: readonly string[] },
) => Promise<Response>;

export interface Sleep {
  /**
   * Resolves after `ms`, or at once when `signal` aborts; never rejects.
   * @param isGuard true: it only ends what takes too long, so a clock that a test moves leaves it alone while that may be working
   */
  (ms: number, signal?: AbortSignal, isGuard?: boolean): Promise<void>;
  /** Does the same by a callback, at a fraction of the cost; read it through `startTimer`. Absent: it is made of the call. */
  timer?(ms: number, run: () => void): () => void;
}

export interface Runtime {
  /** Epoch milliseconds. */
  now(): number;
  /** A random number in [0, 1), for jitter and sampling. It is not fit for secrets. */
  random(): number;
  /** A new id of 128 random bits, URL-safe. */
  newId(): string;
  sleep: Sleep;
  fetch: Fetch;
  /**
   * Looks up the addresses of a host name. Null where the platform cannot; its own network then keeps private addresses
   * out.
   */
  resolve: ((host: string) => Promise<string[]>) | null;
  /** Opens a byte stream over TCP or TLS; null where the platform has none. */
  connect: Connect | null;
  /**
   * Opens a WebSocket to one of the addresses that were checked. Absent where the platform upgrades a fetch instead.
   */
  openWebSocket?: OpenWebSocket;
  /**
   * A variable of the environment, as far as the app's secrets name it; null where it is not set. Absent: nothing is set.
   */
  variable?: (name: string) => string | null;
  /** SHA-256 of a text in UTF-8, as base64url, at once. Absent: the platform has it only as a promise (`base/digest.ts`). */
  sha256?: (text: string) => string;
  /** Makes the pace of a loop; read it through `paceOf`. Absent: loops need not give way. */
  pace?: () => Pace;
  /**
   * Calls back in the next turn of the event loop, when all that has come in by now is taken up. Only where what one request sends
   * may answer others too. Absent: each request does its own I/O, as Workers demand.
   */
  afterTurn?: (call: () => void) => void;
  /**
   * Does work of an app under a name, such as `tool slow`, so that it can be told whose a promise was that nobody waits for. Absent:
   * nobody can tell.
   */
  named?: <Made>(name: string, work: () => Made) => Made;
  log: Log;
  /** How the process ends, on hosts that are told before it does. Absent: it ends without a word. */
  ending?: Ending;
}

/** The two moments of an end that is announced, as SIGTERM does. */
export interface Ending {
  /** Nothing new is begun: who waits for something to happen answers early, and says where to go on. */
  begun: AbortSignal;
  /** What still works is asked to stop, shortly before its connection is closed. */
  over: AbortSignal;
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
  /** The connection may go to one of these only; null: to any address of the host. */
  addresses: readonly string[] | null;
  /** A larger message ends the connection, on platforms that take such a limit. */
  maxMessageBytes: number;
}

/** Receives what comes over the connection, in order. The first calls may come before `OpenWebSocket` has resolved. */
export interface WebSocketListener {
  /** A text, or the bytes of a binary message. */
  message(data: string | Uint8Array): void;
  /** Called once, with the close code, which is 1006 where the connection broke, and with what the peer said of it. */
  closed(code: number, reason?: string): void;
}

export interface OpenedWebSocket {
  /** @throws where the connection is closed */
  send(text: string): void;
  /** Begins the closing handshake; safe to call at any time. Messages that come after it may be lost. */
  close(code: number): void;
  /** Ends the connection at once; safe to call twice. */
  destroy(): void;
  /** `true` stops reading, which slows the peer down; `false` reads on. Null where the platform cannot stop. */
  hold: ((held: boolean) => void) | null;
}

/**
 * Opens a WebSocket. It rejects with the platform's own error when no connection can be made, or with the signal's
 * reason.
 */
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

/** The longest time that a timer can wait for. A timer that is given more fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** @returns stops it */
function timer(ms: number, run: () => void): () => void {
  let leftMs = ms;
  let set = setTimeout(rung, Math.min(leftMs, LONGEST_TIMER_MS));
  function rung(): void {
    leftMs -= LONGEST_TIMER_MS;
    if (leftMs <= 0) return run();
    set = setTimeout(rung, Math.min(leftMs, LONGEST_TIMER_MS));
  }
  return () => clearTimeout(set);
}

const sleep: Sleep = Object.assign(
  (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const stop = timer(ms, done);
      function done(): void {
        stop();
        signal?.removeEventListener('abort', done);
        resolve();
      }
      signal?.addEventListener('abort', done, { once: true });
    }),
  { timer },
);

/** The runtime that every platform has. Hosts add `connect` and `resolve` where their platform can do it. */
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
