/**
 * Finds the feeds of an app: those under `feeds`, and those that a stream declares, which take the stream's name. This
 * file is pure.
 */
import * as z from 'zod';
import type { AppOptions } from '../app.ts';
import type { DeclaredFeed, Feed, FeedRoute, FeedTarget, Sampling, StreamTenants } from '../feed.ts';
import type { OutletAudit } from '../outlet.ts';
import type { Problem } from '../problem.ts';
import { knownName } from '../../base/known-names.ts';
import { formsOfPath } from './picked-fields.ts';
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
      addRoute(declared, route, path, options, found, problems);
    } else if (kindOf(feed) === 'feed') {
      if (found.has(name)) problems.push({ path, expected: `a stream name that is not also under feeds`, found: name });
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

/** A mistake for each feed that claims what another one before it claims. */
function claimProblems(found: ReadonlyMap<string, FoundFeed>): Problem[] {
  const holders = new Map<string, string>();
  return [...found.values()].flatMap(({ feed: { claim }, path }): Problem[] => {
    if (claim === undefined) return [];
    const holder = holders.get(claim.held);
    holders.set(claim.held, holder ?? path);
    if (holder === undefined) return [];
    const expected = `one of its own, because ${holder} holds ${claim.held} too`;
    return [{ path: `${path}.${claim.path}`, expected }];
  });
}

function targetOf({ name, identified, zone, jsonSchema, schema }: DeclaredStream, route: object | null): FeedTarget {
  const takesLists = formsOfPath(jsonSchema, [])?.has('array') ?? false;
  return {
    stream: name,
    route,
    identified,
    zone,
    takesLists,
    required: requiredFields(schema),
    fields: namedFields(schema),
  };
}

/** The fields of an object without which its schema refuses it. None where the schema is not one of an object. */
function requiredFields(schema: z.ZodType): string[] {
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries(schema.shape).flatMap(([name, field]) => (takesNothing(field as z.ZodType) ? [] : [name]));
}

function namedFields(schema: z.ZodType): string[] {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

function takesNothing(field: z.ZodType): boolean {
  try {
    return field.safeParse(undefined).success;
  } catch {
    // A function of the app judges the field, and expects more than nothing.
    return false;
  }
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
  const outlet = wrong.length === 0 && typeof feed.outlet === 'function' ? feed.outlet() : null;
  if (outlet !== null) wrong.push(...auditProblems(outlet.audit, path, options, streams));
  problems.push(...wrong);
  const { everyMs, overflow } = withDefaults(pacingSpec, pacing ?? {});
  return {
    name,
    feed,
    targets,
    tenants: tenantsOfTargets(targets, path, streams, problems),
    everyMs,
    budget: withDefaults(budgetSpec, pacing?.budget ?? {}),
    overflow,
    sample: pacing?.sample ?? null,
    outlet,
  };
}

/** A run fills the streams of one tenant, or those that all share. It cannot do both: what is shared would be filled by every run. */
function tenantsOfTargets(
  targets: readonly FeedTarget[],
  path: string,
  streams: ReadonlyMap<string, DeclaredStream>,
  problems: Problem[],
): StreamTenants {
  const filled = targets.map(({ stream }) => ({ stream, tenants: streams.get(stream)?.tenants ?? 'shared' }));
  const named = targets.find(({ stream }) => streams.get(stream)?.tenantOf);
  if (named)
    problems.push({
      path,
      expected: `no stream whose events name their tenants, as ${named.stream} has it: its tenants may be 'each'`,
    });
  const [first] = filled;
  const other = filled.find(({ tenants }) => tenants !== first?.tenants);
  if (first && other) {
    const expected = `streams with the same tenants: ${first.stream} is of ${first.tenants}, ${other.stream} of ${other.tenants}`;
    problems.push({ path, expected });
  }
  return first?.tenants ?? 'shared';
}

/**
 * Checks that the stream accepts the records. Without this check the mistake would show only after a message was sent.
 */
function auditProblems(
  audit: OutletAudit | null,
  feed: string,
  options: AppOptions,
  streams: ReadonlyMap<string, DeclaredStream>,
): Problem[] {
  if (audit === null) return [];
  const path = `${feed}.${audit.option}`;
  const found = audit.stream;
  const stream = streams.get(found);
  if (!stream) {
    const expected = knownName(found, Object.keys(options.streams ?? {}), 'streams');
    return [{ path, expected, found }];
  }
  const takes = audit.examples.every((record) => stream.schema.safeParse(record).success);
  return takes ? [] : [{ path, expected: audit.expected, found }];
}

function ownProblems(feed: Feed, path: string, targets: readonly FeedTarget[]): Problem[] {
  try {
    return feed.problems(targets).map((problem) => ({ ...problem, path: `${path}.${problem.path}` }));
  } catch (error) {
    // An option has a type that the feed's own checks did not expect.
    const found = error instanceof Error ? error.message : String(error);
    return [{ path, expected: `options of a feed of type ${feed.type}`, found }];
  }
}

function samplingProblems(sample: Sampling | undefined, path: string): Problem[] {
  if (sample === undefined) return [];
  const { every, windowMs, reduce, field }: { every?: number; windowMs?: number; reduce?: string; field?: string } =
    sample;
  if ((every === undefined) === (windowMs === undefined))
    return [{ path, expected: 'either every, or windowMs with reduce' }];
  if (every !== undefined) {
    return reduce === undefined && field === undefined
      ? []
      : [{ path, expected: 'every alone, or windowMs with reduce' }];
  }
  if (reduce === undefined) return [{ path: `${path}.reduce`, expected: 'first, last, min, max or mean' }];
  const ofField = reduce !== 'first' && reduce !== 'last';
  if (ofField === (field !== undefined)) return [];
  const expected = ofField ? `the field that ${reduce} is of` : `no field, because ${reduce} is of the whole event`;
  return [{ path: `${path}.field`, expected }];
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
