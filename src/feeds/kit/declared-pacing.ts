/** The pacing among a feed's options, without what is not declared. Pure. */
import type { FeedPacing } from '../../declare/feed.ts';

export function declaredPacing({ everyMs, lateAfterMs, budget, overflow, sample }: FeedPacing): FeedPacing {
  return {
    ...(everyMs === undefined ? {} : { everyMs }),
    ...(lateAfterMs === undefined ? {} : { lateAfterMs }),
    ...(budget === undefined ? {} : { budget }),
    ...(overflow === undefined ? {} : { overflow }),
    ...(sample === undefined ? {} : { sample }),
  };
}
