/**
 * The questions that are open at an issuer. Tokens that were active before and tokens that nobody has seen have a lane each, so that
 * what is invented keeps out nobody who was let in of late, and what the issuer answers to it holds up nobody else.
 */
import type { Runtime } from '../../base/runtime.ts';
import { ISSUER_DEADLINE_MS } from './key-set.ts';

/** Questions that are open at once. */
const MOST_OPEN = 32;
/** Others that wait for one of them to end, for so long. What is over is refused for now. */
const MOST_WAITING = 64;
const LOOKS = 40;
const LOOK_MS = 50;
/** How long an issuer is left alone after it failed, ms. */
export const FAILED_MS = 2_000;

export interface Lane {
  /** Answers what ends the question. Null: there is no room, or the issuer failed just now. */
  enter(): Promise<(() => void) | null>;
  failed(): void;
}

export function createLane({ now, sleep }: Pick<Runtime, 'now' | 'sleep'>): Lane {
  const open = createSpans(now);
  const waiting = createSpans(now);
  let failedUntil = 0;
  const isFull = () => open.count() >= MOST_OPEN;

  return {
    async enter() {
      if (isFull() && waiting.count() < MOST_WAITING) {
        const waited = waiting.begin(LOOKS * LOOK_MS);
        // It looks by itself: on Workers none may wait for what another request began.
        for (let look = 0; look < LOOKS && isFull() && now() >= failedUntil; look += 1) await sleep(LOOK_MS);
        waited();
      }
      return isFull() || now() < failedUntil ? null : open.begin(ISSUER_DEADLINE_MS);
    },
    failed: () => void (failedUntil = now() + FAILED_MS),
  };
}

/** Counts what is under way. Each is over by a time, so that one whose request ended without a word counts no longer. */
function createSpans(now: () => number) {
  const spans = new Set<{ until: number }>();
  return {
    count() {
      for (const span of spans) if (span.until <= now()) spans.delete(span);
      return spans.size;
    },
    begin(mostMs: number) {
      const span = { until: now() + mostMs };
      spans.add(span);
      return () => void spans.delete(span);
    },
  };
}
