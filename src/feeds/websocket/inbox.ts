/**
 * What came over a WebSocket and was not yet worked off: a bounded queue with one reader. Where the platform can, the peer
 * is held long before the bound; where it cannot, the bound is kept by policy, and what that costs is told.
 */
import type { Overflow } from '../../declare/feed.ts';
import { utf8Bytes } from '../../base/json.ts';

/** A message, and when it came (epoch ms). */
export interface Arrival {
  data: string | Uint8Array;
  bytes: number;
  at: number;
}

/** Messages that there was no room for. */
export interface Dropped {
  messages: number;
  bytes: number;
  /** Beginnings of the first of them; kept for `dead-letter` only. */
  excerpts: string[];
}

export interface Inbox {
  put(data: string | Uint8Array): void;
  /** The oldest messages, at most so many, and at least one where there is one. */
  take(most: { messages: number; bytes: number }): Arrival[];
  isEmpty(): boolean;
  /** Resolves when something is there, when the connection is closed, after `ms`, or with `wake`. */
  wait(ms: number): Promise<void>;
  /** The same for the end alone. */
  waitForEnd(ms: number): Promise<void>;
  wake(): void;
  /** Epoch ms at which the last message came; null: none did. */
  lastAt(): number | null;
  /** What was lost since this was asked last; null: nothing. */
  lost(): Dropped | null;
  end(code: number): void;
  /** The close code; null while it is open. */
  closed(): number | null;
  /** From now on the peer is held by these, where not null. */
  holdWith(hold: ((held: boolean) => void) | null): void;
  /** The peer is held no more, however much waits. */
  release(): void;
  /** From now on nothing is taken in, and the peer is held. */
  seal(): void;
  /** Forgets all that waits. */
  clear(): void;
  /** Cost of what waits, and the most that ever did. */
  held(): { now: number; most: number };
}

/** Beyond this the peer is held; at half of it, it may go on. */
export const HIGH_WATER_BYTES = 1024 * 1024;
/** Never more than this and one message. */
export const CAPACITY_BYTES = 8 * 1024 * 1024;
/** What a message costs beside its bytes. */
const OVERHEAD_BYTES = 128;
const MOST_EXCERPTS = 100;
const EXCERPT_CHARS = 500;

interface Options {
  /** What becomes of messages that there is no room for. `stop`: nothing more is taken in behind the first of them, since it can be had again. */
  overflow: Overflow | 'stop';
  now: () => number;
  sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
}

export function createInbox({ overflow, now, sleep }: Options): Inbox {
  let queue: Arrival[] = [];
  let first = 0;
  let cost = 0;
  let most = 0;
  let hold: ((held: boolean) => void) | null = null;
  let isHeld = false;
  let closed: number | null = null;
  let lost: Dropped | null = null;
  let waiter: { stop: AbortController; endOnly: boolean } | null = null;
  let lastAt: number | null = null;
  let isSealed = false;

  const costOf = ({ bytes }: Arrival) => bytes + OVERHEAD_BYTES;

  function shift(): Arrival | null {
    const arrival = queue[first];
    if (arrival === undefined) return null;
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
      const told = lost;
      lost = null;
      return told;
    },
    end(code) {
      closed ??= code;
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

/** A beginning of its own: a slice would keep the whole text. */
export function excerptOf(data: string | Uint8Array): string {
  const start = typeof data === 'string' ? new TextEncoder().encode(data.slice(0, EXCERPT_CHARS)) : data;
  return new TextDecoder().decode(start.subarray(0, EXCERPT_CHARS));
}
