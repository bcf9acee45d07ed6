/** The pacing among a feed's options, without what is not declared. Pure. */
import type { FeedPacing } from '../../declare/feed.ts';

const NAMES = ['everyMs', 'lateAfterMs', 'budget', 'overflow', 'sample'] as const;

export function declaredPacing(options: FeedPacing): FeedPacing {
  return Object.fromEntries(NAMES.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])));
}
