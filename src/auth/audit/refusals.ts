/**
 * Which refusals are put on record. Whoever is refused may ask as often as he likes, and must not fill the log by it: the
 * first of each kind in a minute is written, and counts those before it that were not.
 */
import type { Principal } from '../../base/principal.ts';
import type { Runtime } from '../../base/runtime.ts';

const MINUTE_MS = 60_000;
/** Kinds that are remembered; the oldest is forgotten, with its count. */
const MOST_KINDS = 1_000;

interface Kind {
  /** When one was written, epoch ms. */
  writtenAt: number;
  /** How many came since. */
  unwritten: number;
}

export interface Refusals {
  /** How many there were since the last that was written, this one among them; 0: this one is not written. */
  count(principal: Principal | null, target: string, code: string): number;
}

export function createRefusals({ now }: Pick<Runtime, 'now'>): Refusals {
  const kinds = new Map<string, Kind>();
  return {
    count(principal, target, code) {
      const key = JSON.stringify([principal?.tenant, principal?.subject, target, code]);
      const kind = kinds.get(key);
      // Also where the clock was set back.
      if (kind !== undefined && Math.abs(now() - kind.writtenAt) < MINUTE_MS) {
        kind.unwritten += 1;
        return 0;
      }
      kinds.delete(key);
      const [oldest] = kinds.keys();
      if (oldest !== undefined && kinds.size >= MOST_KINDS) kinds.delete(oldest);
      kinds.set(key, { writtenAt: now(), unwritten: 0 });
      return (kind?.unwritten ?? 0) + 1;
    },
  };
}
