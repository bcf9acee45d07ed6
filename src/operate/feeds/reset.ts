/** `feeds reset`: forgets where a feed stands, or sets it to a time, and closes its circuit breaker. */
import * as z from 'zod';
import { invalidInput } from '../../base/errors.ts';
import { isoTime, parseTime } from '../../base/time/time-text.ts';
import type { DeclaredFeed } from '../../declare/feed.ts';
import { changeFeed } from '../../feeds/records/change-feed.ts';
import { newState } from '../../feeds/records/state.ts';
import { operatorAction } from '../action.ts';
import { timeInput } from '../shared.ts';
import { changeableFeed, FeedName, pulledFeed } from '../named-feed.ts';

export const feedsReset = operatorAction({
  noun: 'feeds',
  verb: 'reset',
  description:
    'Forgets where a feed stands in its source, and closes its circuit breaker: the next burst begins as the first one did. Events whose source gives no ids may come twice; those with ids are known by what their stream keeps.',
  input: z.strictObject({
    feed: FeedName,
    to: timeInput('Go on from this time instead, such as -2h or 2026-11-20T12:00:00Z; for feeds that read by time'),
    breaker: z.boolean().optional().describe('Close the circuit breaker alone: the position stays'),
  }),
  words: ['feed'],
  output: z.object({
    feed: z.string(),
    position: z.enum(['kept', 'forgotten', 'set']),
    to: z.string().nullable().describe('From when it goes on, ISO 8601; null: from its beginning, or where it stood'),
    failures: z.number().describe('Failed bursts in a row that were forgotten'),
    paused: z.boolean().describe('True: it is paused still'),
  }),
  effect: 'destroys',
  warning: ({ feed, breaker }) =>
    breaker
      ? `This closes the circuit breaker of ${feed}.`
      : `This forgets where ${feed} stands: what its source still has may come again.`,
  async run({ feed: name, to, breaker = false }, context) {
    const { feed, scope } = breaker ? changeableFeed(context, name) : pulledFeed(context, name);
    const { runtime } = context.deps;
    if (breaker && to !== undefined) throw invalidInput('to', 'to be left out where the position stays');
    const time = to === undefined ? null : parseTime(to, runtime.now(), 'to');
    const position = time === null ? null : await positionAt(feed, time);
    let failures = 0;
    const { state } = await changeFeed(
      scope,
      feed,
      (before, now) => {
        ({ failures } = before);
        const nextAt = feed.feed.handed ? before.nextAt : now;
        const closed = { failures: 0, lastError: null, nextAt };
        if (breaker) return closed;
        const { replay, rejected, repeats, backlog } = newState();
        // What is not stored yet of windows comes again where the source can repeat it, and would else be lost.
        const sampling = feed.feed.replayable ? null : before.sampling;
        return { ...closed, position, replay, rejected, repeats, backlog, sampling };
      },
      context.deadline,
    );
    return {
      feed: name,
      position: breaker ? 'kept' : position === null ? 'forgotten' : 'set',
      to: time === null ? null : isoTime(time),
      failures,
      paused: state.paused !== null,
    } as const;
  },
  lines({ feed, position, to, failures, paused }) {
    const where = { kept: 'where it stood', forgotten: 'from its beginning', set: `from ${to}` }[position];
    const breaker = failures === 0 ? '' : `; ${failures} failures are forgotten`;
    return [`${feed} goes on ${where}${breaker}`, ...(paused ? [`It is paused: tidegate feeds resume ${feed}`] : [])];
  },
});

async function positionAt({ name, feed }: DeclaredFeed, time: number) {
  if (feed.positionAt !== undefined) return feed.positionAt(time);
  throw invalidInput(
    'to',
    `to be left out: ${name} is of a kind (${feed.type}) that does not read by time${feed.type === 'http' ? ' without since' : ''}`,
  );
}
