/** What a task says of its progress: written at most once in `BEAT_MS`, the newest of what was said. */
import type { Runtime } from '../../base/runtime.ts';
import type { HeaderChange } from '../records/changes.ts';
import type { Journal } from './journal.ts';
import { BEAT_MS } from './keep-up.ts';

export interface Progress {
  say(change: HeaderChange): void;
  /** Hands over to the journal what was said, if it is time to. */
  beat(): void;
  /** Hands over to the journal what was said, at the end of the turn. */
  close(): void;
}

export function createProgress(journal: Pick<Journal, 'change'>, runtime: Pick<Runtime, 'now'>): Progress {
  /** The newest that was said and not handed over. */
  let said: HeaderChange | null = null;
  let handedAt = Number.NEGATIVE_INFINITY;

  function hand(): void {
    if (said === null) return;
    journal.change(said);
    said = null;
    handedAt = runtime.now();
  }

  function beat(): void {
    // A clock that was set back counts as time that has passed.
    if (Math.abs(runtime.now() - handedAt) >= BEAT_MS) hand();
  }

  return {
    say(change) {
      said = change;
      beat();
    },
    beat,
    close: hand,
  };
}
