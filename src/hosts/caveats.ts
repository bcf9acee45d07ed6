/**
 * What feeds lose on a host that does not hold their connections: it is told to the operator at the start, and to readers
 * in the text of each stream.
 */
import type { App } from '../declare/app.ts';
import type { Deps } from '../streams/deps.ts';

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
