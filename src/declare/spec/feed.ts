/** The specifications that every feed kind shares: what a feed is made of, its pacing, and `allow`. */
import * as z from 'zod';
import type { FeedPacing } from '../feed.ts';
import { choice, count, made, text, whole } from './options.ts';

/** What a kind's function answers (`http`, `mqtt`, `pull`, or one of the app's own); what else it carries is its own. */
export const feedSpec = z.looseObject({
  type: text('the kind of feed, such as http'),
  source: text('a text that says where the data are from'),
  replayable: z.boolean({ error: 'true or false' }),
  problems: made('a function that answers the mistakes'),
  burst: made('an async generator function'),
});

const budget = z.strictObject(
  {
    timeMs: whole(1, undefined, { unit: 'ms' }).default(20_000),
    events: whole(1).default(10_000),
    bytes: whole(1, undefined, { unit: 'B' }).default(10 * 1024 * 1024),
  },
  { error: '{ timeMs, events, bytes }, any of them' },
);

const sample = z.strictObject(
  {
    every: count(),
    windowMs: count('ms'),
    reduce: choice('first', 'last', 'min', 'max', 'mean').optional(),
    field: text('the name of a field of the data').optional(),
  },
  { error: '{ every }, or { windowMs, reduce }' },
);

/** The options of pacing, to be spread into the specification of a kind. Their mistakes are found for every kind alike. */
export const pacingOptions = {
  everyMs: whole(1, undefined, { unit: 'ms' }).default(60_000),
  budget: budget.optional(),
  overflow: choice('dead-letter', 'drop-oldest', 'drop-newest').default('dead-letter'),
  lateAfterMs: whole(1, undefined, { unit: 'ms' }).optional(),
  sample: sample.optional() as z.ZodOptional<z.ZodType<FeedPacing['sample'], NonNullable<FeedPacing['sample']>>>,
};

export const pacingSpec = z.strictObject(pacingOptions, {
  error: '{ everyMs, lateAfterMs, budget, overflow, sample }, any of them',
});
export const budgetSpec = budget;

/** What `from` answers; `options` are judged by the specification that the feed's kind brings. */
export const routeSpec = z.strictObject({
  kind: z.literal('route'),
  feed: text('the name of a feed'),
  options: z.custom<object>((value) => typeof value === 'object' && value !== null, { error: 'options in an object' }),
});

/** What a route may say of a feed whose kind has no options for it. */
export const noRouteSpec = z.strictObject({});

/** The functions that make a feed of a kind of our own, as messages name them. */
export const FEED_KINDS = ['http', 'websocket', 'mqtt', 'pull', 'sqs', 'kinesis', 'eventBridge', 'iot'] as const;
