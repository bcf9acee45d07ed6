/**
 * Follows the log of a stream for one listener of many: each entry once, in order, from a position on. What the watch of the process
 * has read for all of them is taken from it where it goes on at this listener's place. Whatever does not is read from the log
 * itself, so nothing depends on what the watch tells or forgets.
 */
import { decodeCursor, entriesBetween, wentBack } from '../../store/cursor.ts';
import type { LogNews, WatchEnd } from '../../store/watch/listener.ts';
import type { Cursor, LogEntry, Store } from '../../store/store.ts';
import type { LogScope } from '../../streams/scope.ts';
import { besides, obey } from '../../streams/log/removals.ts';
import { streamLog } from '../../streams/log/stream-log.ts';
import type { ChangeWatch, KeptEntry } from '../changes/kept.ts';

interface LogTailOptions {
  watch: ChangeWatch;
  /** The listener's own view of the store, in the tenant of the log. */
  scope: LogScope;
  /** The stream's name. */
  stream: string;
  /** It begins behind it; null: before the first entry that there will be. */
  position: Cursor | null;
  signal: AbortSignal;
  /** Store calls that it may make, for itself and for all listeners of the watch; each is taken off. Absent: any number. */
  reads?: { left: number };
  /**
   * Takes entries, oldest first. Nothing more comes before it resolves; where it rejects, the tail ends.
   * @param position behind them
   */
  take(entries: readonly LogEntry[], position: Cursor): Promise<void>;
  /**
   * Called where entries between the position and the next one are gone.
   * @param anew the log went back to an earlier state, and comes again from its oldest entry
   * @param position before the next entry
   */
  gone(anew: boolean, position: Cursor): Promise<void>;
}

/** Entries of one read. */
const PIECE = 100;
/** More entries are not kept for a listener that takes none: it reads them when it comes to them. */
const MOST_WAITING = 500;
/** What the watch heard so long ago is asked for as well, ms: clocks of those who append may differ by that. */
const HEARD_MS = 30_000;

/** @throws TidegateError `bad_cursor`, and what reads and `take` throw. Resolves when the signal aborts, or nobody may read any more */
export async function tailLog(options: LogTailOptions): Promise<WatchEnd> {
  const { watch, scope, stream, signal, reads } = options;
  const { store, runtime, tenant } = scope;
  const log = streamLog(tenant, stream);
  const over = new AbortController();
  const inbox = createInbox();
  const stop = () => over.abort();
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  let end: WatchEnd | null = null;
  const since = runtime.now() - HEARD_MS;
  const heard = (news: LogNews<KeptEntry>) => inbox.put(news);
  async function listen(): Promise<void> {
    end = await watch.watch(log, { store, since, signal: over.signal, heard, ...(reads ? { reads } : {}) });
    inbox.wake();
  }
  void listen();
  let at = options.position;
  let isBehind = true;

  async function read(from: Pick<Store, 'read'>): Promise<void> {
    const page = obey(await from.read(log, at, PIECE, besides(scope, stream)));
    if (page.truncated && page.start !== null) await options.gone(wentBack(page, at), page.start);
    at = page.cursor;
    isBehind = page.entries.length >= PIECE && page.cursor !== page.end;
    if (page.entries.length > 0 && at !== null) await options.take(page.entries, at);
  }

  /** Takes what goes on at this place. What does not is read. */
  async function takeHeard(entries: readonly KeptEntry[]): Promise<void> {
    const next: LogEntry[] = [];
    for (const kept of entries) {
      const entry = 'key' in kept ? kept.entry : undefined;
      const ahead = entry === undefined ? null : placesBetween(at, entry.cursor);
      if (ahead !== null && ahead <= 0) continue;
      if (entry === undefined || ahead !== 1) {
        isBehind = true;
        break;
      }
      next.push(entry);
      at = entry.cursor;
    }
    if (next.length > 0 && at !== null) await options.take(next, at);
  }

  try {
    while (!signal.aborted) {
      if (isBehind) {
        if (reads && reads.left <= 0) return 'spent';
        if (reads) reads.left -= 1;
        await read(store);
        continue;
      }
      const news = inbox.take();
      if (news === null) {
        if (end !== null) return end;
        await inbox.filled();
      } else if (news.missed) isBehind = true;
      else await takeHeard(news.entries);
    }
    return 'left';
  } finally {
    stop();
    signal.removeEventListener('abort', stop);
  }
}

/** Null: one is of another log than the other. */
function placesBetween(at: Cursor | null, cursor: Cursor): number | null {
  return at === null ? decodeCursor(cursor).place : entriesBetween(at, cursor);
}

function createInbox() {
  let entries: KeptEntry[] = [];
  let missed = false;
  let wake: (() => void) | null = null;
  return {
    put(news: LogNews<KeptEntry>): void {
      missed ||= news.missed || entries.length + news.entries.length > MOST_WAITING;
      if (missed) entries = [];
      else entries.push(...news.entries);
      wake?.();
    },
    wake: () => wake?.(),
    /** Null: nothing waits. */
    take(): LogNews<KeptEntry> | null {
      if (!missed && entries.length === 0) return null;
      const news = { entries, missed };
      [entries, missed] = [[], false];
      return news;
    },
    filled: () => new Promise<void>((resolve) => (wake = resolve)),
  };
}
