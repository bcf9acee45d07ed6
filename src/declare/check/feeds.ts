/**
 * Finds the feeds of an app: those under `feeds`, and those that a stream declares, which take the stream's name. This
 * file is pure.
 */
import type { AppOptions } from '../app.ts';
import type { DeclaredFeed, Feed, FeedRoute, FeedTarget } from '../feed.ts';
import type { Problem } from '../problem.ts';
import { knownName } from '../../base/known-names.ts';
import { auditProblems, claimProblems, ownProblems, samplingProblems } from './feed-problems.ts';
import { filledTenants, targetOf } from './feed-targets.ts';
import { isBroken, specProblems, shown } from '../spec/problems.ts';
import { budgetSpec, FEED_KINDS, feedSpec, noRouteSpec, pacingSpec, routeSpec } from '../spec/feed.ts';
import { withDefaults } from '../spec/options.ts';
import type { DeclaredStream } from '../stream.ts';

/** Every way to make a feed, as messages show it. */
const MADE = FEED_KINDS.map((kind) => `${kind}({ … })`);

interface FoundFeed {
  feed: Feed;
  path: string;
  targets: FeedTarget[];
}

export function declareFeeds(
  options: AppOptions,
  streams: ReadonlyMap<string, DeclaredStream>,
  problems: Problem[],
): Map<string, DeclaredFeed> {
  const found = new Map<string, FoundFeed>();
  for (const [name, feed] of Object.entries(options.feeds ?? {})) {
    const path = `feeds.${name}`;
    if (kindOf(feed) === 'feed') found.set(name, { feed, path, targets: [] });
    else
      problems.push({ path, expected: `${MADE.slice(0, -1).join(', ')} or ${MADE.at(-1) ?? ''}`, ...foundKind(feed) });
  }
  for (const [name, declared] of streams) {
    const feed = declared.declaration.options.feed;
    const path = `streams.${name}.feed`;
    if (feed === undefined) continue;
    if (kindOf(feed) === 'route') {
      const route = feed as FeedRoute;
      declared.feed = route.feed;
      declared.identified ||= options.feeds?.[route.feed]?.handed === true;
      addRoute(declared, route, path, options, found, problems);
    } else if (kindOf(feed) === 'feed') {
      if (found.has(name)) problems.push({ path, expected: `a stream name that is not also under feeds`, found: name });
      declared.identified ||= (feed as Feed).handed === true;
      found.set(name, { feed: feed as Feed, path, targets: [targetOf(declared, null)] });
      declared.feed = name;
    } else {
      const expected = `${MADE.join(', ')}, or from('a feed of the app')`;
      problems.push({ path, expected, ...foundKind(feed) });
    }
  }
  problems.push(...claimProblems(found));
  return new Map([...found].map(([name, feed]) => [name, declareFeed(name, feed, options, streams, problems)]));
}

function addRoute(
  stream: DeclaredStream,
  route: FeedRoute,
  path: string,
  options: AppOptions,
  found: ReadonlyMap<string, FoundFeed>,
  problems: Problem[],
): void {
  const wrong = specProblems(routeSpec, route, path);
  problems.push(...wrong);
  if (wrong.length > 0) return;
  const declared = Object.keys(options.feeds ?? {});
  if (!declared.includes(route.feed)) {
    const expected = knownName(route.feed, declared, 'feeds');
    problems.push({ path, expected, found: route.feed });
    return;
  }
  const taken = found.get(route.feed);
  if (!taken) return;
  const kind = taken.feed.route;
  const mistakes = specProblems(kind?.spec ?? noRouteSpec, route.options, path);
  problems.push(...mistakes);
  if (mistakes.length > 0) return;
  // `isKeyed` takes the options of its own kind, and they were just checked against that kind.
  if (kind?.isKeyed(route.options as never)) stream.keyed = true;
  taken.targets.push(targetOf(stream, route.options));
}

function declareFeed(
  name: string,
  { feed, path, targets }: FoundFeed,
  options: AppOptions,
  streams: ReadonlyMap<string, DeclaredStream>,
  problems: Problem[],
): DeclaredFeed {
  const pacing = feed.pacing;
  const wrong = specProblems(feedSpec, feed, path);
  wrong.push(...specProblems(pacingSpec, pacing, path));
  if (!isBroken(wrong, `${path}.sample`)) wrong.push(...samplingProblems(pacing?.sample, `${path}.sample`));
  if (targets.length === 0 && typeof feed.outlet !== 'function' && !mayBeTaken(options, problems)) {
    wrong.push({ path, expected: 'at least one stream that takes from this feed' });
  }
  if (typeof feed.problems === 'function') {
    // A mistake that both checks find is reported once.
    wrong.push(...ownProblems(feed, path, targets).filter((problem) => !isBroken(wrong, problem.path)));
  }
  const filled = filledTenants(targets, path, streams, problems);
  if (feed.handed && (targets.length > 1 || filled.tenants === 'each')) {
    wrong.push({ path, expected: 'one stream, which not each tenant has for itself' });
  }
  const outlet = wrong.length === 0 && typeof feed.outlet === 'function' ? feed.outlet() : null;
  if (outlet !== null) wrong.push(...auditProblems(outlet.audit, path, options, streams));
  problems.push(...wrong);
  const { everyMs, overflow } = withDefaults(pacingSpec, pacing ?? {});
  return {
    name,
    feed,
    targets,
    ...filled,
    everyMs,
    budget: withDefaults(budgetSpec, pacing?.budget ?? {}),
    overflow,
    sample: pacing?.sample ?? null,
    outlet,
  };
}

/** Whether a stream that has mistakes itself may be the one that takes from a feed. */
function mayBeTaken(options: AppOptions, problems: readonly Problem[]): boolean {
  return Object.keys(options.streams ?? {}).some(
    (name) => problems.some(({ path }) => path === `streams.${name}`) || isBroken(problems, `streams.${name}.feed`),
  );
}

function kindOf(feed: unknown): unknown {
  return typeof feed === 'object' && feed !== null && 'kind' in feed ? feed.kind : undefined;
}

function foundKind(feed: unknown): Pick<Problem, 'found'> {
  const found = shown(kindOf(feed) === undefined ? feed : { kind: kindOf(feed) });
  return found === null ? {} : { found };
}
