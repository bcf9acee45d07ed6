/** The items that say in a stream that events are missing. Pure. */
import type { BurstContext, FeedItem } from '../../declare/feed.ts';

/** A `gap` event for each stream, or for each of `streams`. It says that events before it are missing. */
export function gaps(
  { feed, targets }: Pick<BurstContext, 'feed' | 'targets'>,
  reason: string,
  detail: string,
  streams: ReadonlySet<string> | null = null,
): FeedItem[] {
  const meta = { source: feed, gap: { reason, detail } };
  return targets
    .filter(({ stream }) => streams === null || streams.has(stream))
    .map(({ stream }) => ({ stream, data: null, meta, bytes: 0 }));
}

/** A span of time, epoch ms, as the detail of a gap says it. */
export function spanText(from: number, to: number): string {
  return `from ${new Date(from).toISOString()} to ${new Date(to).toISOString()}, ${Math.round((to - from) / 1000)} s`;
}
