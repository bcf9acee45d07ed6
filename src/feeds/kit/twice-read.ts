/** The mistake of reading something twice on purpose for a stream that cannot tell. Pure. */
import type { FeedTarget } from '../../declare/feed.ts';
import type { Problem } from '../../declare/problem.ts';

/** @param path of the option by which a source gives again what was taken from it */
export function withoutIds(path: string, targets: readonly FeedTarget[]): Problem[] {
  return targets
    .filter(({ identified }) => identified === false)
    .map(({ stream }) => ({ path, expected: `an id in the stream ${stream}, by which what comes twice is known` }));
}
