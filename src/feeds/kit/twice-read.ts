/** Finds streams without ids of a feed that reads data twice on purpose: they cannot recognise what they have. Pure. */
import type { FeedTarget } from '../../declare/feed.ts';
import type { Problem } from '../../declare/problem.ts';

/** @param path of the option by which a source gives again what was taken from it */
export function withoutIds(path: string, targets: readonly FeedTarget[]): Problem[] {
  return targets
    .filter(({ identified }) => identified === false)
    .map(({ stream }) => ({ path, expected: `an id in the stream ${stream}, by which what comes twice is known` }));
}
