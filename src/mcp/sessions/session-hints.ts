/**
 * How instances hear of what others keep for a session that they have a connection of. Whoever waits looks at what is kept,
 * soon at first and then less often, so that nothing depends on being told.
 */
import { asTidegateError } from '../../base/errors.ts';
import type { Runtime } from '../../base/runtime.ts';
import type { Operation, Store } from '../../store/store.ts';

export interface SessionHint {
  session: string;
}

export interface HintListener {
  /** Its own view of the store. */
  store: Store;
  /** Epoch ms. */
  deadline: number;
  /** Ends the wait. */
  signal: AbortSignal;
  /** Looks at what is kept. True: there is nothing more to wait for. Errors of the store are taken for false. */
  look(): Promise<boolean>;
}

export interface SessionHints {
  /** What a commit has beside it so that other instances look sooner. */
  told(tenant: string, hint: SessionHint): Operation[];
  /** Looks until there is nothing more to wait for (`found`), the deadline, or the signal (`left`). */
  follow(tenant: string, session: string, listener: HintListener): Promise<'found' | 'time' | 'left'>;
}

const SOON_MS = 500;
const LATER_MS = 5_000;

export function createSessionHints({ now, sleep, log }: Pick<Runtime, 'now' | 'sleep' | 'log'>): SessionHints {
  async function lookAt(listener: HintListener): Promise<boolean> {
    try {
      return await listener.look();
    } catch (thrown) {
      const { code, message } = asTidegateError(thrown);
      log('warn', `what is kept for a session is not read: ${message}`, { code });
      return false;
    }
  }

  return {
    told: () => [],
    async follow(_tenant, _session, listener) {
      const { deadline, signal } = listener;
      for (let pauseMs = SOON_MS; ; pauseMs = Math.min(LATER_MS, pauseMs * 1.5)) {
        if (await lookAt(listener)) return 'found';
        if (signal.aborted) return 'left';
        const leftMs = deadline - now();
        if (leftMs <= 0) return 'time';
        await sleep(Math.min(pauseMs, leftMs), signal);
      }
    },
  };
}
