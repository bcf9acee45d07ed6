/** Finds the feeds of an app: those under `feeds`, and those that stand in a stream and take its name. Pure. */
import type { AppOptions } from './app.ts';
import type { DeclaredFeed, Feed, FeedBudget, FeedTarget, Problem } from './feed.ts';
import type { DeclaredStream } from './stream.ts';

const DEFAULT_EVERY_MS = 60_000;
const DEFAULT_BUDGET: FeedBudget = { timeMs: 20_000, events: 10_000, bytes: 10 * 1024 * 1024 };

export function declareFeeds(
  options: AppOptions,
  streams: ReadonlyMap<string, DeclaredStream>,
  problems: Problem[],
): Map<string, DeclaredFeed> {
  const found = new Map<string, { feed: Feed; path: string; targets: FeedTarget[] }>();
  for (const [name, feed] of Object.entries(options.feeds ?? {}))
    found.set(name, { feed, path: `feeds.${name}`, targets: [] });

  for (const [name, declared] of streams) {
    const feed = declared.declaration.options.feed;
    const path = `streams.${name}.feed`;
    if (feed?.kind === 'route') {
      const target = found.get(feed.feed);
      if (target) target.targets.push({ stream: name, route: feed });
      else
        problems.push({
          path,
          expected: `one of the feeds ${[...found.keys()].join(', ') || '(none is declared)'}`,
          found: feed.feed,
        });
      declared.feed = feed.feed;
    } else if (feed) {
      if (found.has(name)) problems.push({ path, expected: `a stream name that is not also under feeds`, found: name });
      found.set(name, { feed, path, targets: [{ stream: name, route: null }] });
      declared.feed = name;
    }
  }
  return new Map(
    [...found].map(([name, { feed, path, targets }]) => [name, declareFeed(name, feed, path, targets, problems)]),
  );
}

function declareFeed(name: string, feed: Feed, path: string, targets: FeedTarget[], problems: Problem[]): DeclaredFeed {
  const pacing = feed.pacing;
  const everyMs = pacing.everyMs ?? DEFAULT_EVERY_MS;
  const budget = { ...DEFAULT_BUDGET, ...pacing.budget };
  const positive = {
    everyMs,
    'budget.timeMs': budget.timeMs,
    'budget.events': budget.events,
    'budget.bytes': budget.bytes,
  };
  for (const [field, value] of Object.entries(positive)) {
    if (!(Number.isInteger(value) && value > 0)) {
      problems.push({ path: `${path}.${field}`, expected: 'a positive whole number', found: String(value) });
    }
  }
  const sample = pacing.sample ?? null;
  const step = sample && ('every' in sample ? sample.every : sample.windowMs);
  if (step !== null && !(Number.isInteger(step) && step > 0)) {
    problems.push({
      path: `${path}.sample`,
      expected: 'every or windowMs as a positive whole number',
      found: String(step),
    });
  }
  if (targets.length === 0) problems.push({ path, expected: 'at least one stream that takes from this feed' });
  for (const problem of feed.problems(targets)) problems.push({ ...problem, path: `${path}.${problem.path}` });
  return { name, feed, targets, everyMs, budget, overflow: pacing.overflow ?? 'dead-letter', sample };
}
