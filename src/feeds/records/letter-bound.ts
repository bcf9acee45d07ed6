/** How many dead letters a burst, or a call that hands items over, may make. */
import type { DeclaredFeed } from '../../declare/feed.ts';
import { BURST_DEAD_LETTERS } from './dead-letters.ts';

interface LetterBound {
  /** Whether a log of dead letters takes no more. */
  isFull(log: string): boolean;
  count(log: string): void;
  /** Begins anew. */
  renew(): void;
}

/** Where there are several who may have them, one has no more than half of what the others leave. */
export function createLetterBound({ namesTenants }: Pick<DeclaredFeed, 'namesTenants'>): LetterBound {
  const byLog = new Map<string, number>();
  let all = 0;
  return {
    isFull(log) {
      if (!namesTenants) return all >= BURST_DEAD_LETTERS;
      const here = byLog.get(log) ?? 0;
      return here >= Math.floor((BURST_DEAD_LETTERS - (all - here)) / 2);
    },
    count(log) {
      all += 1;
      byLog.set(log, (byLog.get(log) ?? 0) + 1);
    },
    renew() {
      all = 0;
      byLog.clear();
    },
  };
}
