/**
 * Watches logs for many listeners of one process: each log is read once, by one of them, and all of them hear of it. It tells
 * that something was appended, soon and at least once, and keeps no position: who must miss nothing reads the log itself.
 *
 * One listener of a log leads: it reads, by its own view of the store. Each listener goes on by itself, and shares nothing with the
 * others but what was read. This is why it works on Workers, where what one request began ends with that request: if the leader
 * leaves, the next one reads on, and if it vanishes without a word, the others notice that it did not look when it should have.
 *
 * A log is looked at 1 s after something was appended, and ever less often while nothing is, each 10 s at least. A commit of this
 * process is told by `poke`: it is looked at at once, then again each 200 ms at most.
 */
import { asTidegateError } from '../../base/errors.ts';
import type { Runtime } from '../../base/runtime.ts';
import type { LogEntry } from '../store.ts';
import {
  deliverKept,
  type WatchedLog,
  WATCH_KEPT_MS,
  type WatchListener,
  MISSED,
  newWatchedLog,
  placeInKept,
  keepFound,
} from './kept-entries.ts';
import type { LogListener, LogWatch, WatchEnd } from './listener.ts';
import { readOnward, wasAppended } from './look.ts';

/** How long after a change the log is looked at again. */
const SOON_MS = 1_000;
/** How long a log is not looked at, at most, while nothing is appended; jitter comes on top. */
const IDLE_MS = 10_000;
const IDLE_JITTER_MS = 500;
/** The time to the next look is this share of the time for which nothing was appended. */
const QUIET_SHARE = 1 / 4;
/** A look after a poke comes so long after one that found something. */
const BATCH_MS = 200;
/** A leader that did not look for so long after it should have is gone. */
const PATIENCE_MS = 5_000;
/** Store calls of a listener that asks for what is kept no more. */
const LOOKING_BACK = 2;

/** @param digest what listeners need of an entry; null: nothing. An entry that it cannot read is told as missed */
export function createLogWatch<Kept>(
  runtime: Pick<Runtime, 'now' | 'random' | 'sleep' | 'log'>,
  digest: (log: string, entry: LogEntry) => Kept | null,
): LogWatch<Kept> {
  const logs = new Map<string, WatchedLog<Kept>>();

  function followedFor(log: string): WatchedLog<Kept> {
    const now = runtime.now();
    const followed = logs.get(log) ?? newWatchedLog<Kept>(log, now);
    logs.set(log, followed);
    return followed;
  }

  function join(followed: WatchedLog<Kept>, listener: LogListener<Kept>): WatchListener<Kept> {
    const begun = followed.lookedAt > Number.NEGATIVE_INFINITY;
    // Whoever comes later and asks for what is kept at all must not be told that it is kept no more.
    if (!begun) followed.keptSince = Math.min(followed.keptSince, listener.since, runtime.now() - WATCH_KEPT_MS);
    const me: WatchListener<Kept> = {
      ...listener,
      at: placeInKept(followed, listener.since),
      missed: false,
      stirredAt: runtime.now(),
      woken: false,
      wake: () => void (me.woken = true),
    };
    if (begun && listener.since < followed.keptSince) void lookBack(followed, me);
    return me;
  }

  /** Of what is kept no more it is told that it missed something, if there was anything. */
  async function lookBack({ log, keptSince }: WatchedLog<Kept>, me: WatchListener<Kept>): Promise<void> {
    const { store, since, reads } = me;
    const may = reads === undefined || reads.left >= LOOKING_BACK;
    if (may && reads) reads.left -= LOOKING_BACK;
    me.missed = !may || (await wasAppended(store, log, since, keptSince).catch(() => true));
    if (me.missed) me.wake();
  }

  async function attend(followed: WatchedLog<Kept>, me: WatchListener<Kept>): Promise<WatchEnd> {
    while (!me.signal.aborted) {
      const now = runtime.now();
      me.stirredAt = now;
      me.woken = false;
      if (now < followed.lookedAt) clockWasSetBack(followed, now);
      // One that was taken to be gone, and is not, comes back here.
      followed.listeners.add(me);
      deliverKept(followed, me);
      if (me.signal.aborted) break;
      if (followed.leader !== me && (followed.leader === null || now >= followed.aliveUntil)) {
        // Whoever led is gone.
        if (followed.leader !== null) followed.listeners.delete(followed.leader);
        if (!mayRead(me)) handOver(followed, me);
        else followed.leader = me;
        if (followed.leader === null) return 'spent';
      }
      if (followed.leader !== me) {
        await nap(me, Math.max(1, followed.aliveUntil - now));
      } else if (followed.nextAt > now) {
        followed.aliveUntil = followed.nextAt + PATIENCE_MS;
        await nap(me, followed.nextAt - now);
      } else {
        await look(followed, me);
      }
    }
    return 'left';
  }

  /** What was to come by the clock as it was would be as late as the clock went back. */
  function clockWasSetBack(followed: WatchedLog<Kept>, now: number): void {
    followed.lookedAt = now;
    followed.nextAt = now;
    followed.foundAt = Math.min(followed.foundAt, now);
    followed.keptSince = Math.min(followed.keptSince, now);
    followed.aliveUntil = Math.min(followed.aliveUntil, now + PATIENCE_MS);
  }

  /** Sleeps for so long, or until it is woken. Whatever wakes it, it goes on by its own request. */
  async function nap(me: WatchListener<Kept>, ms: number): Promise<void> {
    if (me.woken) return;
    const over = new AbortController();
    const woken = new Promise<void>((resolve) => {
      me.wake = () => {
        me.woken = true;
        resolve();
      };
    });
    await Promise.race([runtime.sleep(ms, over.signal), woken]);
    over.abort();
  }

  /** Gives the lead to the listener that stirred last and may read; to nobody, where there is none. */
  function handOver(followed: WatchedLog<Kept>, from: WatchListener<Kept>): void {
    const now = runtime.now();
    let next: WatchListener<Kept> | null = null;
    for (const other of followed.listeners) {
      if (other === from || other.signal.aborted || !mayRead(other)) continue;
      if (next === null || other.stirredAt > next.stirredAt) next = other;
    }
    followed.leader = next;
    followed.aliveUntil = Math.max(now, followed.nextAt) + PATIENCE_MS;
    next?.wake();
  }

  async function look(followed: WatchedLog<Kept>, me: WatchListener<Kept>): Promise<void> {
    const startedAt = runtime.now();
    followed.lookedAt = startedAt;
    followed.nextAt = Number.POSITIVE_INFINITY;
    followed.aliveUntil = startedAt + PATIENCE_MS;
    const from = followed.cursor;
    try {
      const found = await readOnward(followed, me);
      // Another one took over meanwhile, and has read it.
      if (followed.leader !== me && followed.cursor !== from) return;
      followed.failures = 0;
      keepFound(followed, found, runtime.now(), (entry) => keptOf(followed.log, entry));
    } catch (thrown) {
      const { code, message } = asTidegateError(thrown);
      // Whoever has left may have closed the store behind it.
      const isNew = followed.failures === 0 && !me.signal.aborted;
      if (isNew) runtime.log('warn', `a log is not watched: ${message}`, { log: followed.log, code });
      followed.failures += 1;
      if (followed.leader === me) handOver(followed, me);
      followed.leader ??= me;
    }
    if (followed.leader === me && !mayRead(me)) handOver(followed, me);
    const next = Math.max(runtime.now(), followed.foundAt + BATCH_MS);
    // A poke that came meanwhile has set it.
    followed.nextAt = Math.min(Math.max(followed.nextAt, next), runtime.now() + pauseOf(followed));
    followed.aliveUntil = Math.max(runtime.now(), followed.nextAt) + PATIENCE_MS;
  }

  function pauseOf({ failures, foundAt }: WatchedLog<Kept>): number {
    const quietMs = failures > 0 ? SOON_MS * 2 ** Math.min(failures + 1, 10) : runtime.now() - foundAt;
    const ms = Math.min(IDLE_MS, Math.max(SOON_MS, quietMs * QUIET_SHARE));
    return ms < IDLE_MS ? ms : ms + runtime.random() * IDLE_JITTER_MS;
  }

  function keptOf(log: string, entry: LogEntry): Kept | typeof MISSED | null {
    try {
      return digest(log, entry);
    } catch {
      return MISSED;
    }
  }

  return {
    async watch(log, listener) {
      const followed = followedFor(log);
      const me = join(followed, listener);
      const onAbort = () => me.wake();
      listener.signal.addEventListener('abort', onAbort, { once: true });
      try {
        return await attend(followed, me);
      } finally {
        listener.signal.removeEventListener('abort', onAbort);
        followed.listeners.delete(me);
        if (followed.leader === me) handOver(followed, me);
        if (followed.listeners.size === 0 && logs.get(log) === followed) logs.delete(log);
      }
    },
    poke(log) {
      const followed = logs.get(log);
      if (!followed) return;
      followed.nextAt = Math.min(followed.nextAt, Math.max(runtime.now(), followed.foundAt + BATCH_MS));
      followed.leader?.wake();
    },
  };
}

function mayRead({ reads }: { reads?: { left: number } }): boolean {
  return reads === undefined || reads.left > 0;
}
