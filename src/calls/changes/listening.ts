/**
 * Tells one listener of changes: each at most once a second, and at least once after the last time that it changed. What it has
 * not taken yet is remembered by name, so that a slow listener costs no more than what it wants.
 */
import type { Principal } from '../../base/principal.ts';
import type { Runtime } from '../../base/runtime.ts';
import type { LogListener, LogNews, WatchEnd } from '../../store/watch/listener.ts';
import type { ChangeWatch, KeptEntry } from './kept.ts';
import { type Changed, type Interest, interestsOf, nameOfChange, type Wanted } from './topics.ts';

interface ListenerOptions extends Pick<LogListener<KeptEntry>, 'store' | 'signal' | 'reads'> {
  /** What changed from then on is told, epoch ms: some of it may be told again. */
  since: number;
  /** Takes in one change. Nothing more is told before it resolves. Where it rejects, listening ends. */
  tell(change: Changed): Promise<void>;
}

export interface Listening {
  /** Wants something else from now on. What is new among it is told from `since` on (epoch ms). */
  want(wanted: Wanted, since: number): void;
  /** Tells of these as if they had changed now. */
  changed(changes: readonly Changed[]): void;
  /** `spent`: nobody of this process may read any more. Rejects with what `tell` threw. */
  ended: Promise<WatchEnd>;
}

/** What changed so long before a listener came is told as well, ms: it may have been away that long. */
export const REPLAYED_MS = 60_000;
/** The same change is told at most this often. */
const APART_MS = 1_000;

interface Heard {
  interest: Interest;
  leave: AbortController;
}

export function listenTo(
  { watch, runtime }: { watch: ChangeWatch; runtime: Pick<Runtime, 'now' | 'sleep'> },
  principal: Principal,
  wanted: Wanted,
  { store, signal, reads, since, ...listener }: ListenerOptions,
): Listening {
  const logs = new Map<string, Heard>();
  const pending = new Map<string, { change: Changed; dueAt: number }>();
  const toldAt = new Map<string, number>();
  const over = new AbortController();
  let end: WatchEnd = 'left';
  let wake: (() => void) | null = null;

  function stop(as: WatchEnd): void {
    if (over.signal.aborted) return;
    end = as;
    over.abort();
    for (const { leave } of logs.values()) leave.abort();
    wake?.();
  }

  function changed(change: Changed): void {
    const name = nameOfChange(change);
    if (pending.has(name)) return;
    pending.set(name, { change, dueAt: (toldAt.get(name) ?? Number.NEGATIVE_INFINITY) + APART_MS });
    wake?.();
  }

  function hear(log: string, { entries, missed }: LogNews<KeptEntry>): void {
    const interest = logs.get(log)?.interest;
    if (interest === undefined) return;
    if (missed) interest.all.forEach(changed);
    else for (const entry of entries) for (const change of interest.of(entry)) changed(change);
  }

  async function follow(log: string, heard: Heard, from: number): Promise<void> {
    const listener: LogListener<KeptEntry> = {
      store,
      since: from,
      signal: heard.leave.signal,
      ...(reads ? { reads } : {}),
      heard: (news) => hear(log, news),
    };
    if ((await watch.watch(log, listener)) === 'spent') stop('spent');
  }

  function want(next: Wanted, from: number): void {
    if (over.signal.aborted) return;
    const interests = interestsOf(principal, next);
    for (const [log, { leave }] of logs) {
      if (interests.has(log)) continue;
      logs.delete(log);
      leave.abort();
    }
    const names = new Set([...interests.values()].flatMap(({ all }) => [...all].map(nameOfChange)));
    for (const name of pending.keys()) if (!names.has(name)) pending.delete(name);
    for (const [log, interest] of interests) {
      const standing = logs.get(log);
      // What was appended since then, and was of no interest before, is heard anew: by the same watch, from what it keeps.
      standing?.leave.abort();
      const heard: Heard = { interest, leave: new AbortController() };
      logs.set(log, heard);
      void follow(log, heard, from);
    }
  }

  /** Tells what is due. @returns when the next is, epoch ms; null: nothing waits */
  async function tellDue(): Promise<number | null> {
    let nextAt: number | null = null;
    for (const [name, { change, dueAt }] of pending) {
      if (over.signal.aborted) return null;
      const now = runtime.now();
      // What is due later than that was to come before the clock was set back.
      if (dueAt > now && dueAt <= now + APART_MS) {
        nextAt = Math.min(nextAt ?? dueAt, dueAt);
        continue;
      }
      pending.delete(name);
      toldAt.set(name, now);
      await listener.tell(change);
    }
    return nextAt;
  }

  async function pump(): Promise<WatchEnd> {
    while (!over.signal.aborted) {
      let isWoken = false;
      const woken = new Promise<void>((resolve) => {
        wake = () => {
          isWoken = true;
          resolve();
        };
      });
      const nextAt = await tellDue();
      if (isWoken || over.signal.aborted) continue;
      const now = runtime.now();
      for (const [name, at] of toldAt) if (at <= now - APART_MS) toldAt.delete(name);
      if (nextAt === null) await woken;
      else await until(nextAt - now, woken);
    }
    return end;
  }

  async function until(ms: number, woken: Promise<void>): Promise<void> {
    const nap = new AbortController();
    await Promise.race([runtime.sleep(Math.max(0, ms), nap.signal), woken]);
    nap.abort();
  }

  const onAbort = () => stop('left');
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  want(wanted, since);
  return {
    want,
    changed: (changes) => changes.forEach(changed),
    ended: pump().finally(() => {
      signal.removeEventListener('abort', onAbort);
      stop('left');
    }),
  };
}
