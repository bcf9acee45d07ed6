/** How large a feed's record can become, so that a commit leaves room for it. Pure. */
import type { DeclaredFeed } from '../../declare/feed.ts';
import { type Json, jsonBytes } from '../../base/json.ts';
import { TOLD_GAPS_BYTES } from './gap-fold.ts';
import { REPEATS_BYTES } from './repeats.ts';
import { REPLAY_BYTES } from './replay.ts';
import { MOST_STATE_BYTES } from './sampling.ts';
import type { FeedState } from './state.ts';
import { TENANT_GAPS_BYTES } from './tenant-gaps.ts';

/** Most streams that are told to have times without a zone. */
export const MOST_ZONELESS = 20;
const STREAM_NAME_BYTES = 70;

/** Bytes for the record's key, its lease, and the growth of its numbers. */
const GROWTH_BYTES = 2 * 1024;

/**
 * Most bytes that the record takes in the commit that moves the feed's position to `next`, and in those before it: its
 * present size, and the most by which its fields can grow within their bounds.
 */
export function recordBytes(
  feed: Pick<DeclaredFeed, 'targets' | 'sample' | 'namesTenants'>,
  state: FeedState,
  next: Json,
): number {
  const dirty = [...new Set([...state.dirty, ...feed.targets.map(({ stream }) => stream)])];
  const rest = jsonBytes({
    ...state,
    position: null,
    replay: '',
    sampling: null,
    gaps: null,
    repeats: null,
    tenantGaps: [],
    dirty,
    zoneless: [],
  });
  const sampling = feed.sample ? MOST_STATE_BYTES : 0;
  const tenantGaps = feed.namesTenants ? TENANT_GAPS_BYTES : 0;
  const zoneless = Math.min(MOST_ZONELESS, feed.targets.length) * STREAM_NAME_BYTES;
  return (
    zoneless +
    tenantGaps +
    GROWTH_BYTES +
    TOLD_GAPS_BYTES +
    REPEATS_BYTES +
    rest +
    Math.max(jsonBytes(state.position), jsonBytes(next)) +
    REPLAY_BYTES +
    sampling
  );
}
