/**
 * Keeps what readers and operators are told of a feed that event sources fill: when it last brought something, how old that is, what was
 * rejected. Nobody has a lease on its record, so a note that meets another one is left for the next call; so counts may be a little low.
 */
import type { DeclaredFeed } from '../../declare/feed.ts';
import { asTidegateError } from '../../base/errors.ts';
import { trimHints } from '../../streams/hints.ts';
import type { StreamScope } from '../../streams/scope.ts';
import { addCounts, type FeedCounts, NO_COUNTS } from '../records/counts.ts';
import { type RejectedWhy, rejectedOf } from '../records/rejected.ts';
import { feedKey, newState, NOT_DUE_MS } from '../records/state.ts';
import { feedRecord, readState } from '../records/state-record.ts';
import { feedHints } from '../records/told.ts';
import type { HandedTaken } from './take.ts';

interface HandedNotes {
  /** Two store calls, and none where it was noted a moment ago and nothing is wrong. Never rejects. */
  note(scope: StreamScope, feed: DeclaredFeed, taken: HandedTaken, deadline: number): Promise<void>;
}

/** An instance notes so seldom, ms, while all is well. */
const NOTE_EVERY_MS = 10_000;
const NO_WHY: RejectedWhy = { field: '', expected: '' };

export function createHandedNotes(): HandedNotes {
  let counts: FeedCounts = { ...NO_COUNTS };
  let newestTime: number | null = null;
  let notedAt: number | null = null;

  return {
    async note({ store, runtime, tenant }, { name }, taken, deadline) {
      const now = runtime.now();
      counts = addCounts(counts, taken.counts);
      if (taken.newestTime !== null) newestTime = Math.max(newestTime ?? 0, taken.newestTime);
      const isWell = taken.rejected === null && taken.error === null;
      if (isWell && notedAt !== null && now - notedAt < NOTE_EVERY_MS && now >= notedAt) return;
      try {
        const key = feedKey(tenant, name);
        const reading = await store.get(key, now);
        const state = readState(reading) ?? newState();
        const { code, message } = taken.error ?? { code: null, message: '' };
        const next = {
          ...state,
          nextAt: now + NOT_DUE_MS,
          bursts: state.bursts + 1,
          counts: addCounts(state.counts, counts),
          newestTime: newestTime === null ? state.newestTime : Math.max(newestTime, state.newestTime ?? 0),
          rejected: rejectedOf(taken.counts, taken.rejected ?? NO_WHY, state.rejected, now),
          failures: code === null ? 0 : state.failures + 1,
          lastError: code === null ? null : { code, message, at: now },
          ...(code === null ? { lastSuccessAt: now } : {}),
        };
        const put = feedRecord.put(key, next, { expects: reading.version });
        const hints = feedHints(tenant, name, state, next);
        const { status } = await store.commit([put, ...hints], { id: runtime.newId(), now, deadline });
        if (status !== 'committed') return;
        if (hints.length > 0) await trimHints({ store, runtime }, tenant);
        counts = { ...NO_COUNTS };
        notedAt = now;
      } catch (thrown) {
        const told = asTidegateError(thrown);
        runtime.log('debug', 'the state of a feed is not noted', { feed: name, code: told.code });
      }
    },
  };
}
