/**
 * What feeds repeat, and what they lose on a host that does not hold their connections: it is told to the operator at the start, and to readers
 * in the text of each stream.
 */
import type { App } from '../declare/app.ts';
import type { DeclaredFeed } from '../declare/feed.ts';
import type { Deps } from '../streams/deps.ts';

/** What is told where each poll lists everything again, and the events have no id by which that is noticed. */
export const LISTS_AGAIN = 'each poll appends all that the source lists, also what stands there already';
export const LISTS_AGAIN_FIX =
  'declare id in the stream, or cursor or since in the feed; where each poll brings one new reading, leave it';

/** The streams of a feed to which each of its polls appends the whole list again. */
export function listedAgain({ feed, targets }: Pick<DeclaredFeed, 'feed' | 'targets'>): string[] {
  if (feed.reads !== 'whole') return [];
  return targets.filter(({ identified }) => identified === false).map(({ stream }) => stream);
}

/**
 * The same options, with an app whose streams say what their feeds lose here. `holds`: the host holds connections. `hands`: it takes
 * what event sources hand over.
 */
export function withCaveats<Options extends Pick<Deps, 'app' | 'runtime'> & { holds?: boolean; hands?: boolean }>(
  options: Options,
): Options {
  const { app, runtime, holds = false, hands = false } = options;
  const losing = [...app.feeds.values()].flatMap(({ name, feed, targets }) => {
    const { loses, handed } = feed;
    return !loses || targets.length === 0 || (handed ? hands : holds) ? [] : [{ feed: name, ...loses }];
  });
  for (const feed of app.feeds.values()) {
    const streams = listedAgain(feed);
    if (streams.length === 0) continue;
    runtime.log('warn', `a feed repeats itself: ${LISTS_AGAIN}`, { feed: feed.name, streams, fix: LISTS_AGAIN_FIX });
  }
  if (losing.length === 0) return options;
  for (const { feed, what, fix } of losing) {
    runtime.log('warn', `a feed loses what comes: ${what}`, { feed, fix });
  }
  return { ...options, app: tellingApp(app, new Map(losing.map(({ feed, what }) => [feed, what]))) };
}

function tellingApp(app: App, losses: ReadonlyMap<string, string>): App {
  const streams = [...app.streams].map(([name, stream]) => {
    const caveat = stream.feed === null ? undefined : losses.get(stream.feed);
    return [name, caveat === undefined ? stream : { ...stream, caveat }] as const;
  });
  return { ...app, streams: new Map(streams) };
}
