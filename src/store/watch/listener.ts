/** Who listens to a log through a watch, and what it hears. Types alone. */
import type { Store } from '../store.ts';

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
