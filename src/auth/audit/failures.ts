/**
 * Which refusals and failures are put on record. Whoever fails may try as often as he likes, and must not fill the log by it: the
 * first of each kind in a minute is written, and counts those before it that were not. Of one caller only so many kinds are
 * written in a minute, because some of what a kind is told by, such as the scopes of a batch, the caller can vary.
 */
import type { Principal } from '../../base/principal.ts';
import type { Runtime } from '../../base/runtime.ts';

const MINUTE_MS = 60_000;
/** Kinds, and callers, that are remembered; the oldest is forgotten, with its count. */
const MOST_KEPT = 1_000;
/** Kinds of one caller that are written in a minute. */
const MOST_WRITTEN = 10;

interface Tally {
  /** When its minute began, epoch ms. */
  since: number;
  /** How many were written in this minute. */
  written: number;
  /** How many came that were not written, in whichever minute. */
  unwritten: number;
}

interface Failures {
  /** How many there were since the last that was written, this one among them; 0: this one is not written. */
  count(principal: Principal | null, action: string, target: string | null, code: string | null): number;
}

export function createFailures({ now }: Pick<Runtime, 'now'>): Failures {
  const kinds = new Map<string, Tally>();
  const callers = new Map<string, Tally>();
  return {
    count(principal, action, target, code) {
      const whose = [principal?.tenant, principal?.subject];
      const kind = tallyOf(kinds, JSON.stringify([...whose, action, target, code]), now());
      if (kind.written > 0) {
        kind.unwritten += 1;
        return 0;
      }
      const caller = tallyOf(callers, JSON.stringify(whose), now());
      if (caller.written >= MOST_WRITTEN) {
        caller.unwritten += 1;
        return 0;
      }
      const before = kind.unwritten + caller.unwritten;
      for (const tally of [kind, caller]) {
        tally.written += 1;
        tally.unwritten = 0;
      }
      return before + 1;
    },
  };
}

function tallyOf(tallies: Map<string, Tally>, key: string, at: number): Tally {
  const kept = tallies.get(key);
  // A minute that lies ahead is over: the clock was set back.
  if (kept !== undefined && Math.abs(at - kept.since) < MINUTE_MS) return kept;
  tallies.delete(key);
  const [oldest] = tallies.keys();
  if (oldest !== undefined && tallies.size >= MOST_KEPT) tallies.delete(oldest);
  const tally: Tally = { since: at, written: 0, unwritten: kept?.unwritten ?? 0 };
  tallies.set(key, tally);
  return tally;
}
