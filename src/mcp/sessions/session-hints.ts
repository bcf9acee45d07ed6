/**
 * How instances hear of what others keep for a session that they have a connection of, and of requests that a client gives up:
 * by the hints of the session's tenant, which each process reads once for all who listen. Whoever waits also looks now and then
 * by itself, so that nothing depends on being told.
 */
import type { ChangeWatch, KeptEntry } from '../../calls/changes/kept.ts';
import { asTidegateError } from '../../base/errors.ts';
import type { Runtime } from '../../base/runtime.ts';
import type { LogNews } from '../../store/watch/listener.ts';
import type { Operation, Store } from '../../store/store.ts';
import { hinting, hintsLog, trimHints } from '../../streams/hints.ts';

interface HintListener {
  /** Its own view of the store. */
  store: Store;
  /** Epoch ms. */
  deadline: number;
  /** Ends the wait. */
  signal: AbortSignal;
  /** How long it goes at most without a look, ms. Default 5,000. */
  everyMs?: number;
  /** Store calls that it may make to read for all who listen; then another one does. Default: those of any request that waits. */
  reads?: { left: number };
  /** Looks at what is kept. True: there is nothing more to wait for. Errors of the store are taken for false. */
  look(): Promise<boolean>;
}

export interface SessionHints {
  /** What a commit has beside it so that other instances look sooner. */
  told(tenant: string, session: string, cancelled?: string | number): Operation[];
  /** To be called after such a commit: most calls do nothing. */
  trim(store: Store, tenant: string): Promise<void>;
  /** Looks until there is nothing more to wait for (`found`), the deadline, or the signal (`left`). */
  follow(tenant: string, session: string, listener: HintListener): Promise<'found' | 'time' | 'left'>;
  /** Calls `heard` when this request of the session is given up, on whichever instance that is told, until the signal aborts. */
  onCancelled(
    tenant: string,
    { session, id }: { session: string; id: string | number },
    listener: { store: Store; since: number; signal: AbortSignal; heard: () => void },
  ): void;
}

/** Looks come by this share earlier or later, so that those who began together do not look together. */
const SPREAD = 1 / 5;
/** Looks without a watch begin so far apart. */
const SOON_MS = 500;
const LATER_MS = 5_000;

/**
 * @param watch absent: nobody is told, and all depends on looks
 * @param most store calls of a request that waits, where the platform counts them; null: any number. Half of them are for the
 * wait for answers, and half for that for its cancellation
 */
export function createSessionHints(runtime: Runtime, watch?: ChangeWatch, most: number | null = null): SessionHints {
  const ofRequest = () => ({ left: most === null ? Number.POSITIVE_INFINITY : Math.floor(most / 2) });

  async function lookAt(listener: HintListener): Promise<boolean> {
    try {
      return await listener.look();
    } catch (thrown) {
      const { code, message } = asTidegateError(thrown);
      runtime.log('warn', `what is kept for a session is not read: ${message}`, { code });
      return false;
    }
  }

  return {
    told: (tenant, session, cancelled) => [
      hinting(tenant, [cancelled === undefined ? { session } : { session, cancelled }]),
    ],
    trim: (store, tenant) => trimHints({ store, runtime }, tenant),
    async follow(tenant, session, listener) {
      const { deadline, signal, store, everyMs = LATER_MS, reads = ofRequest() } = listener;
      const over = new AbortController();
      let woken = Promise.withResolvers<void>();
      const heard = ({ missed, entries }: LogNews<KeptEntry>) => {
        if (missed || entries.some((entry) => isOf(entry, session))) woken.resolve();
      };
      void watch?.watch(hintsLog(tenant), { store, since: runtime.now(), signal: over.signal, reads, heard });
      try {
        for (let pauseMs = watch ? everyMs : SOON_MS; ; pauseMs = Math.min(everyMs, pauseMs * 1.5)) {
          woken = Promise.withResolvers<void>();
          if (await lookAt(listener)) return 'found';
          if (signal.aborted) return 'left';
          const leftMs = deadline - runtime.now();
          if (leftMs <= 0) return 'time';
          const nap = new AbortController();
          const waking = () => nap.abort();
          signal.addEventListener('abort', waking, { once: true });
          const spreadMs = pauseMs * (1 + SPREAD * (2 * runtime.random() - 1));
          await Promise.race([runtime.sleep(Math.min(spreadMs, leftMs), nap.signal), woken.promise]);
          signal.removeEventListener('abort', waking);
          nap.abort();
        }
      } finally {
        over.abort();
      }
    },
    onCancelled(tenant, { session, id }, { store, since, signal, heard }) {
      const isMeant = (entry: KeptEntry) => isOf(entry, session) && 'cancelled' in entry && entry.cancelled === id;
      void watch?.watch(hintsLog(tenant), {
        store,
        since,
        signal,
        reads: ofRequest(),
        heard({ entries }) {
          if (entries.some(isMeant)) heard();
        },
      });
    },
  };
}

function isOf(entry: KeptEntry, session: string): boolean {
  return 'session' in entry && entry.session === session;
}
