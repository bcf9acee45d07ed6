/** `feeds pause` and `feeds resume`: a mark in the feed's record, which every host obeys. */
import * as z from 'zod';
import { isoTime } from '../../base/time/time-text.ts';
import type { DeclaredFeed } from '../../declare/feed.ts';
import { changeFeed } from '../../feeds/records/change-feed.ts';
import type { FeedState } from '../../feeds/records/state.ts';
import { ofFeed } from '../../streams/scope.ts';
import { noteWork } from '../../streams/tenant-work.ts';
import { operatorAction } from '../action.ts';
import { changeableFeed, FeedName, pulledFeed } from '../named-feed.ts';

const Paused = z.object({
  feed: z.string(),
  changed: z.boolean().describe('False: it was so before'),
  paused: z
    .object({ since: z.string(), by: z.string(), reason: z.string().nullable() })
    .nullable()
    .describe('Null: it runs'),
});

export const feedsPause = operatorAction({
  noun: 'feeds',
  verb: 'pause',
  description:
    'Stops a feed until it is resumed, on every host: no burst begins, and one that is under way stores nothing more. Its position stays, so nothing is lost that its source keeps meanwhile. A feed that an event source fills is stopped at its source. Agents read since when and why.',
  input: z.strictObject({
    feed: FeedName,
    reason: z.string().min(1).max(200).optional().describe('Why, for readers of its streams'),
  }),
  words: ['feed'],
  output: Paused,
  effect: 'changes',
  async run({ feed: name, reason = null }, context) {
    const { feed, scope } = pulledFeed(context, name);
    const mark = (now: number) => ({ since: now, by: context.by.subject, reason });
    const stop = ({ paused }: FeedState, now: number) =>
      paused !== null && (reason === null || paused.reason === reason)
        ? null
        : { paused: paused === null ? mark(now) : { ...paused, reason } };
    return told(name, await changeFeed(scope, feed, stop, context.deadline));
  },
  lines: ({ feed, changed, paused }) => [
    `${feed} is paused${changed ? '' : ' already'}, since ${paused?.since ?? ''}${paused?.reason == null ? '' : `: ${paused.reason}`}`,
    ...(changed ? [`tidegate feeds resume ${feed} lets it go on from where it stands.`] : []),
  ],
});

export const feedsResume = operatorAction({
  noun: 'feeds',
  verb: 'resume',
  description: 'Lets a paused feed go on from where it stands. Hosts begin within a minute.',
  input: z.strictObject({ feed: FeedName }),
  words: ['feed'],
  output: Paused,
  effect: 'changes',
  async run({ feed: name }, context) {
    const { feed, scope } = changeableFeed(context, name);
    const done = await changeFeed(scope, feed, (state, now) => goOn(feed, state, now), context.deadline);
    // A run of a tenant's own comes due by a record.
    if (done.changed && feed.tenants === 'each') {
      await noteWork(ofFeed(scope, feed), [`feed/${feed.name}`], { withinMs: 0, remembered: false });
    }
    return told(name, done);
  },
  lines: ({ feed, changed }) => [changed ? `${feed} goes on` : `${feed} is not paused`],
});

function goOn(
  { feed: { handed } }: DeclaredFeed,
  { paused, nextAt }: FeedState,
  now: number,
): Partial<FeedState> | null {
  return paused === null ? null : { paused: null, nextAt: handed ? nextAt : now };
}

function told(feed: string, { state: { paused }, changed }: { state: FeedState; changed: boolean }) {
  return { feed, changed, paused: paused && { ...paused, since: isoTime(paused.since) } };
}
