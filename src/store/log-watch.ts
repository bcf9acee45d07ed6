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
import { asTidegateError } from '../base/errors.ts';
import type { Runtime } from '../base/runtime.ts';
import { decodeCursor } from './cursor.ts';
import { READ_LIMIT } from './limits.ts';
import type { Cursor, LogEntry, Store } from './store.ts';

/** What one listener hears at once. */
export interface LogNews<Kept> {
  /** What is kept of the entries that were appended, oldest first. */
  entries: readonly Kept[];
  /** There were more entries than these: anything may have been appended. */
  missed: boolean;
}

export interface LogListener<Kept> {
  /** Its own view of the store: what it reads for all of them is counted there. */
  store: Pick<Store, 'read' | 'last' | 'seek'>;
  /** What was appended from then on is told, epoch ms. Entries that are kept no more are told as `missed`. */
  since: number;
  /** Ends the watch. */
  signal: AbortSignal;
  /** Store calls that it may still make for all of them; each one is taken off. Absent: any number. */
  reads?: { left: number };
  /** Called in order, never beside itself. It must not throw. */
  heard(news: LogNews<Kept>): void;
}

/** How a watch ended: by its signal, or because nobody who listens may read any more. */
export type WatchEnd = 'left' | 'spent';

export interface LogWatch<Kept> {
  /** Listens until the signal aborts. It never rejects. */
  watch(log: string, listener: LogListener<Kept>): Promise<WatchEnd>;
  /** Something was appended to the log by this process. It returns at once, also where nobody listens. */
  poke(log: string): void;
}

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
/** A listener that did not stir for so long is gone. */
const GONE_MS = 60_000;
/** Full pages that are read in one look; what is beyond is told as missed. */
const MOST_PAGES = 3;
/** Store calls of a listener that asks for what is kept no more. */
const LOOKING_BACK = 2;
/** For how long it is kept what was appended, and how many entries, for listeners that come. */
const KEPT_MS = 60_000;
const MOST_KEPT = 2_000;

/** In the place of entries that were not read, or of which nothing can be kept. */
const MISSED = Symbol('missed');

interface Followed<Kept> {
  readonly log: string;
  /** Where the next look begins; undefined: nobody has read it yet. */
  cursor: Cursor | null | undefined;
  readonly kept: { at: number; value: Kept | typeof MISSED }[];
  /** How many were kept before the first of `kept`, and are forgotten. */
  forgotten: number;
  /** What was appended from then on is kept, epoch ms. */
  keptSince: number;
  readonly listeners: Set<Listening<Kept>>;
  leader: Listening<Kept> | null;
  /** When the leader looks next, when the latest look began, and when something was found, epoch ms. */
  nextAt: number;
  lookedAt: number;
  foundAt: number;
  /** Until then the leader is taken to be there, epoch ms. */
  aliveUntil: number;
  failures: number;
}

interface Listening<Kept> extends LogListener<Kept> {
  /** Of all that was ever kept, how much it has heard. */
  at: number;
  /** It came too late for some that it asked for. */
  missed: boolean;
  /** When it last did something, epoch ms. */
  stirredAt: number;
  woken: boolean;
  wake: () => void;
}

/** @param digest what listeners need of an entry; null: nothing. An entry that it cannot read is told as missed */
export function createLogWatch<Kept>(
  runtime: Pick<Runtime, 'now' | 'random' | 'sleep' | 'log'>,
  digest: (log: string, entry: LogEntry) => Kept | null,
): LogWatch<Kept> {
  const logs = new Map<string, Followed<Kept>>();

  function followedFor(log: string): Followed<Kept> {
    const now = runtime.now();
    const followed = logs.get(log) ?? {
      log,
      cursor: undefined,
      kept: [],
      forgotten: 0,
      keptSince: Number.POSITIVE_INFINITY,
      listeners: new Set(),
      leader: null,
      nextAt: now,
      lookedAt: Number.NEGATIVE_INFINITY,
      foundAt: now,
      aliveUntil: now,
      failures: 0,
    };
    logs.set(log, followed);
    return followed;
  }

  function join(followed: Followed<Kept>, listener: LogListener<Kept>): Listening<Kept> {
    const begun = followed.lookedAt > Number.NEGATIVE_INFINITY;
    // Whoever comes later and asks for what is kept at all must not be told that it is kept no more.
    if (!begun) followed.keptSince = Math.min(followed.keptSince, listener.since, runtime.now() - KEPT_MS);
    const me: Listening<Kept> = {
      ...listener,
      at: placeAt(followed, listener.since),
      missed: false,
      stirredAt: runtime.now(),
      woken: false,
      wake: () => void (me.woken = true),
    };
    if (begun && listener.since < followed.keptSince) void lookBack(followed, me);
    return me;
  }

  /** Of what is kept no more it is told that it missed something, if there was anything. */
  async function lookBack({ log, keptSince }: Followed<Kept>, me: Listening<Kept>): Promise<void> {
    const { store, since, reads } = me;
    const may = reads === undefined || reads.left >= LOOKING_BACK;
    if (may && reads) reads.left -= LOOKING_BACK;
    me.missed = !may || (await wasAppended(store, log, since, keptSince).catch(() => true));
    if (me.missed) me.wake();
  }

  /** Where it begins to hear who asks from a time on. */
  function placeAt({ kept, forgotten }: Followed<Kept>, since: number): number {
    const first = kept.findIndex(({ at }) => at >= since);
    return forgotten + (first < 0 ? kept.length : first);
  }

  async function attend(followed: Followed<Kept>, me: Listening<Kept>): Promise<WatchEnd> {
    while (!me.signal.aborted) {
      const now = runtime.now();
      me.stirredAt = now;
      me.woken = false;
      if (now < followed.lookedAt) clockWasSetBack(followed, now);
      // One that was taken to be gone, and is not, comes back here.
      followed.listeners.add(me);
      deliver(followed, me);
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
  function clockWasSetBack(followed: Followed<Kept>, now: number): void {
    followed.lookedAt = now;
    followed.nextAt = now;
    followed.foundAt = Math.min(followed.foundAt, now);
    followed.keptSince = Math.min(followed.keptSince, now);
    followed.aliveUntil = Math.min(followed.aliveUntil, now + PATIENCE_MS);
  }

  /** Sleeps for so long, or until it is woken. Whatever wakes it, it goes on by its own request. */
  async function nap(me: Listening<Kept>, ms: number): Promise<void> {
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
  function handOver(followed: Followed<Kept>, from: Listening<Kept>): void {
    const now = runtime.now();
    let next: Listening<Kept> | null = null;
    for (const other of followed.listeners) {
      if (other === from || other.signal.aborted || !mayRead(other)) continue;
      if (next === null || other.stirredAt > next.stirredAt) next = other;
    }
    followed.leader = next;
    followed.aliveUntil = Math.max(now, followed.nextAt) + PATIENCE_MS;
    next?.wake();
  }

  async function look(followed: Followed<Kept>, me: Listening<Kept>): Promise<void> {
    const startedAt = runtime.now();
    followed.lookedAt = startedAt;
    followed.nextAt = Number.POSITIVE_INFINITY;
    followed.aliveUntil = startedAt + PATIENCE_MS;
    const from = followed.cursor;
    try {
      const found = await readFrom(followed, me);
      // Another one took over meanwhile, and has read it.
      if (followed.leader !== me && followed.cursor !== from) return;
      followed.failures = 0;
      take(followed, found);
    } catch (thrown) {
      const { code, message } = asTidegateError(thrown);
      if (followed.failures === 0) runtime.log('warn', `a log is not watched: ${message}`, { log: followed.log, code });
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

  function pauseOf({ failures, foundAt }: Followed<Kept>): number {
    const quietMs = failures > 0 ? SOON_MS * 2 ** Math.min(failures + 1, 10) : runtime.now() - foundAt;
    const ms = Math.min(IDLE_MS, Math.max(SOON_MS, quietMs * QUIET_SHARE));
    return ms < IDLE_MS ? ms : ms + runtime.random() * IDLE_JITTER_MS;
  }

  interface Found {
    cursor: Cursor | null;
    entries: readonly LogEntry[];
    missed: boolean;
  }

  async function readFrom(followed: Followed<Kept>, { store, reads }: Listening<Kept>): Promise<Found> {
    const spend = () => void (reads && (reads.left -= 1));
    const { log } = followed;
    let { cursor } = followed;
    if (cursor === undefined) {
      spend();
      cursor = await store.seek(log, followed.keptSince);
    }
    const entries: LogEntry[] = [];
    let missed = false;
    for (let pages = 0; pages < MOST_PAGES; pages += 1) {
      spend();
      const page = await store.read(log, cursor, READ_LIMIT);
      for (const entry of page.entries) entries.push(entry);
      missed ||= page.truncated;
      ({ cursor } = page);
      if (page.entries.length < READ_LIMIT || page.cursor === page.end) return { cursor, entries, missed };
    }
    spend();
    return { cursor: (await store.last(log, 1)).cursor, entries, missed: true };
  }

  function take(followed: Followed<Kept>, { cursor, entries, missed }: Found): void {
    const { kept } = followed;
    const now = runtime.now();
    const isFirst = followed.cursor === undefined;
    followed.cursor = cursor;
    const before = followed.forgotten + kept.length;
    for (const entry of entries) {
      const value = keptOf(followed.log, entry);
      if (value !== null) kept.push({ at: entry.appendedAt, value });
    }
    if (missed) kept.push({ at: now, value: MISSED });
    // The first look reads what later ones may ask for, too.
    if (isFirst) for (const each of followed.listeners) each.at = placeAt(followed, each.since);
    if (entries.length > 0 || missed) followed.foundAt = now;
    const old = kept.findIndex(({ at }) => at >= now - KEPT_MS);
    forget(followed, Math.max(kept.length - MOST_KEPT, old < 0 ? kept.length : old, 0), before);
    for (const listener of followed.listeners) {
      if (listener.stirredAt < now - GONE_MS) followed.listeners.delete(listener);
      else if (followed.forgotten + kept.length > before) listener.wake();
    }
  }

  /** Forgets the oldest. What listeners have yet to hear stays, up to the number that is kept at most. */
  function forget(followed: Followed<Kept>, count: number, heard: number): void {
    const { kept } = followed;
    const most = Math.max(kept.length - MOST_KEPT, Math.min(count, heard - followed.forgotten));
    if (most <= 0) return;
    const [newest] = kept.splice(0, most).slice(-1);
    followed.forgotten += most;
    if (newest) followed.keptSince = Math.max(followed.keptSince, newest.at + 1);
  }

  function keptOf(log: string, entry: LogEntry): Kept | typeof MISSED | null {
    try {
      return digest(log, entry);
    } catch {
      return MISSED;
    }
  }

  function deliver(followed: Followed<Kept>, me: Listening<Kept>): void {
    const { kept, forgotten } = followed;
    const end = forgotten + kept.length;
    let missed = me.missed || me.at < forgotten;
    const entries: Kept[] = [];
    for (let at = Math.max(me.at, forgotten); at < end; at += 1) {
      const value = kept[at - forgotten]?.value;
      if (value === MISSED) missed = true;
      else if (value !== undefined) entries.push(value);
    }
    me.at = end;
    me.missed = false;
    if (missed || entries.length > 0) me.heard({ entries, missed });
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

/**
 * Whether something was appended in a span of time that nobody of this process has watched. Two store calls.
 * @param since epoch ms
 * @param before epoch ms: what was appended from then on does not count
 * @returns true as well where entries are gone that may have been of that time
 * @throws TidegateError as the store
 */
async function wasAppended(
  store: Pick<Store, 'read' | 'seek'>,
  log: string,
  since: number,
  before: number,
): Promise<boolean> {
  const from = await store.seek(log, since);
  const { entries, truncated, floor } = await store.read(log, from, 1);
  const [first] = entries;
  if (truncated || (first !== undefined && first.appendedAt < before)) return true;
  // What stood before the oldest entry that is left may be as old.
  return floor !== null && (from === null || from === floor) && decodeCursor(floor).place > 0;
}
