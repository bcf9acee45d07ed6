/**
 * What an app needs of the platform that it runs on, worked out from its declaration: for the deployment, which makes it, and for
 * `doctor`, which looks whether it is there. Pure.
 */
import { offersEvents } from '../../mcp/events/capability.ts';
import type { App } from '../../declare/app.ts';
import { isSourceFeed, type SourceKind } from '../../feeds/aws/feed.ts';
import { isHttpTool } from '../../declare/http-tool.ts';
import { secretsWithin } from '../../declare/secret.ts';

export interface AppNeeds {
  /** Variables that the app declares as secrets. */
  secrets: readonly { name: string; optional: boolean }[];
  /** Whether something has to call it each minute: feeds to drain, logs to keep in bounds, tasks, deliveries. */
  schedule: boolean;
  /** Whether it has work that goes on later, for which a queue wakes it in time: tasks of its own, triggers, deliveries. */
  queue: boolean;
  /**
   * Feeds that lose what comes between two bursts, with what is lost and what to do about it. What is `handed` to a feed loses nothing
   * where its event source is.
   */
  losing: readonly { feed: string; what: string; fix: string; handed: boolean }[];
  /** Options of feeds that not every platform has. */
  asking: readonly { feed: string; option: string }[];
  /** Feeds that event sources fill, with the kind of source. */
  handed: readonly { feed: string; kind: SourceKind }[];
  /** Kinds of its feeds, such as `http` and `mqtt`, each once. */
  feedKinds: readonly string[];
  /** Of which kind each feed is, and where it reads: a URL, or words where the declaration does not say it. */
  sources: readonly { feed: string; kind: string; source: string }[];
  /** Streams that take pushes. */
  pushed: readonly string[];
  /** Tools that wait for an API of others, with how long they may, ms. */
  slowTools: readonly { tool: string; timeoutMs: number }[];
}

export function appNeeds(app: App): AppNeeds {
  const optionalOf = new Map<string, boolean>();
  for (const { name, optional } of secretsWithin(app.options)) {
    optionalOf.set(name, optional && (optionalOf.get(name) ?? true));
  }
  const feeds = [...app.feeds.values()];
  return {
    secrets: [...optionalOf].map(([name, optional]) => ({ name, optional })),
    schedule: app.streams.size + app.tasks.size > 0,
    queue: app.tasks.size > 0 || offersEvents(app),
    losing: feeds.flatMap(({ name, feed, targets }) =>
      feed.loses === undefined || targets.length === 0
        ? []
        : [{ feed: name, ...feed.loses, handed: feed.handed === true }],
    ),
    asking: feeds.flatMap(({ name, feed: { asks = [] } }) => asks.map((option) => ({ feed: name, option }))),
    handed: feeds.flatMap(({ name, feed }) => (isSourceFeed(feed) ? [{ feed: name, kind: feed.type }] : [])),
    feedKinds: [...new Set(feeds.map(({ feed }) => feed.type))],
    sources: feeds.map(({ name, feed: { type, source } }) => ({ feed: name, kind: type, source })),
    pushed: [...app.streams.values()].flatMap(({ name, push }) => (push === null ? [] : [name])),
    slowTools: Object.entries(app.options.tools ?? {}).flatMap(([tool, declared]) => {
      if (!isHttpTool(declared)) return [];
      const { timeoutMs, api } = declared.http;
      const ms = timeoutMs ?? api?.timeoutMs;
      return ms === undefined ? [] : [{ tool, timeoutMs: ms }];
    }),
  };
}
