/**
 * The queue of messages that came over a WebSocket and were not read yet. It is bounded and has one reader. Where the
 * platform can hold the peer back, it does so long before the bound. Elsewhere `overflow` decides which messages are
 * dropped at the bound, and the queue reports how many.
 */
import type { Overflow } from '../../declare/feed.ts';
import { utf8Bytes } from '../../base/json.ts';

/** A message, with its size and the time at which it came (epoch ms). */
export interface Arrival {
  data: string | Uint8Array;
  bytes: number;
  at: number;
}

/** Messages that were dropped because there was no room for them. */
export interface Dropped {
  messages: number;
  bytes: number;
  /** How the first of them begin; kept for `dead-letter` only. */
  excerpts: string[];
}

/** The code with which a connection was closed, and what the server said of it; often nothing. */
export interface SocketClose {
  code: number;
  reason: string;
}

export interface Inbox {
  put(data: string | Uint8Array): void;
  /** Takes the oldest messages out: within `most`, but at least one where there is one. */
  take(most: { messages: number; bytes: number }): Arrival[];
  isEmpty(): boolean;
  /** Resolves when a message is there, when the connection is closed, after `ms`, or when `wake` is called. */
  wait(ms: number): Promise<void>;
  /** Resolves when the connection is closed, after `ms`, or when `wake` is called. */
  waitForEnd(ms: number): Promise<void>;
  wake(): void;
  /** Epoch ms at which the last message came; null before the first. */
  lastAt(): number | null;
  /** The messages that were dropped since the last call; null where there are none. */
  lost(): Dropped | null;
  end(code: number, reason?: string): void;
  /** How it was closed; null while it is open. */
  closed(): SocketClose | null;
  /** Gives the function that holds the peer back and lets it go on; null where the platform has none. */
  holdWith(hold: ((held: boolean) => void) | null): void;
  /** Lets the peer go on, and does not hold it again. */
  release(): void;
  /** Takes in nothing more, and holds the peer back. */
  seal(): void;
  /** Drops all messages without a report. */
  clear(): void;
  /** Bytes that the messages cost now, and the most that they ever cost. */
  held(): { now: number; most: number };
}

/** Above this the peer is held back. At half of it, it may go on. */
export const HIGH_WATER_BYTES = 1024 * 1024;
/** The queue never costs more than this and one message. */
export const CAPACITY_BYTES = 8 * 1024 * 1024;
/** What a message costs beside its bytes. */
const OVERHEAD_BYTES = 128;
const MOST_EXCERPTS = 100;
const EXCERPT_CHARS = 500;

interface Options {
  /** Which messages are dropped when there is no room. `stop`: the first that has none and all behind it, because the source can give them again. */
  overflow: Overflow | 'stop';
  now: () => number;
  sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
}

export function createInbox({ overflow, now, sleep }: Options): Inbox {
  /** Null: it was taken, and nothing of it is held. */
  let queue: (Arrival | null)[] = [];
  let first = 0;
  let cost = 0;
  let most = 0;
  let hold: ((held: boolean) => void) | null = null;
  let isHeld = false;
  let closed: SocketClose | null = null;
  let lost: Dropped | null = null;
  let waiter: { stop: AbortController; endOnly: boolean } | null = null;
  let lastAt: number | null = null;
  let isSealed = false;

  const costOf = ({ bytes }: Arrival) => bytes + OVERHEAD_BYTES;

  function shift(): Arrival | null {
    const arrival = queue[first] ?? null;
    if (arrival === null) return null;
    queue[first] = null;
    first += 1;
    cost -= costOf(arrival);
    if (first > 1_024 && first * 2 > queue.length) {
      queue = queue.slice(first);
      first = 0;
    }
    return arrival;
  }

  function lose(arrival: Arrival): void {
    lost ??= { messages: 0, bytes: 0, excerpts: [] };
    lost.messages += 1;
    lost.bytes += arrival.bytes;
    if (overflow === 'dead-letter' && lost.excerpts.length < MOST_EXCERPTS) lost.excerpts.push(excerptOf(arrival.data));
  }

  function balance(): void {
    const held = cost >= (isHeld ? HIGH_WATER_BYTES / 2 : HIGH_WATER_BYTES);
    if (held === isHeld || hold === null) return;
    isHeld = held;
    hold(held);
  }

  async function waiting(ms: number, endOnly: boolean): Promise<void> {
    if (closed !== null || ms <= 0) return;
    const stop = new AbortController();
    waiter = { stop, endOnly };
    await sleep(ms, stop.signal);
    waiter = null;
  }

  return {
    put(data) {
      if (isSealed) return;
      const bytes = typeof data === 'string' ? utf8Bytes(data) : data.byteLength;
      const arrival = { data, bytes, at: now() };
      lastAt = arrival.at;
      const isFull = cost + costOf(arrival) > CAPACITY_BYTES && cost > 0;
      if (isFull || (overflow === 'stop' && lost)) {
        if (overflow !== 'drop-oldest') return lose(arrival);
        while (cost > 0 && cost + costOf(arrival) > CAPACITY_BYTES) lose(shift() ?? arrival);
      }
      queue.push(arrival);
      cost += costOf(arrival);
      most = Math.max(most, cost);
      balance();
      if (waiter?.endOnly === false) waiter.stop.abort();
    },
    take({ messages, bytes }) {
      const taken: Arrival[] = [];
      let size = 0;
      while (taken.length < messages && (taken.length === 0 || size < bytes)) {
        const arrival = shift();
        if (arrival === null) break;
        taken.push(arrival);
        size += arrival.bytes;
      }
      balance();
      return taken;
    },
    isEmpty: () => first >= queue.length,
    async wait(ms) {
      if (first >= queue.length) await waiting(ms, false);
    },
    waitForEnd: (ms) => waiting(ms, true),
    wake: () => waiter?.stop.abort(),
    lastAt: () => lastAt,
    lost() {
      const reported = lost;
      lost = null;
      return reported;
    },
    end(code, reason = '') {
      closed ??= { code, reason };
      waiter?.stop.abort();
    },
    closed: () => closed,
    holdWith(given) {
      hold = given;
      balance();
    },
    release() {
      hold?.(false);
      hold = null;
    },
    seal() {
      isSealed = true;
      hold?.(true);
      hold = null;
    },
    clear() {
      queue = [];
      first = 0;
      cost = 0;
      balance();
    },
    held: () => ({ now: cost, most }),
  };
}

/** How a message begins, copied. A slice would keep the whole text in memory. */
export function excerptOf(data: string | Uint8Array): string {
  const start = typeof data === 'string' ? new TextEncoder().encode(data.slice(0, EXCERPT_CHARS)) : data;
  return new TextDecoder().decode(start.subarray(0, EXCERPT_CHARS));
}
