/** Mistakes of a feed beside those of its options: what it claims, where it puts records, how it samples, what it finds itself. Pure. */
import type { AppOptions } from '../app.ts';
import type { Feed, FeedTarget, Sampling } from '../feed.ts';
import type { OutletAudit } from '../outlet.ts';
import type { Problem } from '../problem.ts';
import { knownName } from '../../base/known-names.ts';
import type { DeclaredStream } from '../stream.ts';

/** A mistake for each feed that claims what another one before it claims. */
export function claimProblems(found: ReadonlyMap<string, { feed: Feed; path: string }>): Problem[] {
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

/**
 * Checks that the stream accepts the records. Without this check the mistake would show only after a message was sent.
 */
export function auditProblems(
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

export function ownProblems(feed: Feed, path: string, targets: readonly FeedTarget[]): Problem[] {
  try {
    return feed.problems(targets).map((problem) => ({ ...problem, path: `${path}.${problem.path}` }));
  } catch (error) {
    // An option has a type that the feed's own checks did not expect.
    const found = error instanceof Error ? error.message : String(error);
    return [{ path, expected: `options of a feed of type ${feed.type}`, found }];
  }
}

export function samplingProblems(sample: Sampling | undefined, path: string): Problem[] {
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
