/** The shapes of an app, its streams and its feeds, as strict schemas whose messages say what was expected. */
import * as z from 'zod';
import { isSecret } from '../secret.ts';
import {
  choice,
  count,
  forModel,
  icons,
  isCount,
  label,
  made,
  pattern,
  plain,
  text,
  within,
  zodSchema,
} from './shape-parts.ts';

const MOST_DEDUPE = 10_000;

export const appShape = z.strictObject(
  {
    name: pattern(/^[a-z0-9][a-z0-9-]{0,63}$/, '1 to 64 of a-z, 0-9 and -, not - first'),
    version: text('a version such as 1.0.0'),
    title: label,
    description: text('1 to 100 characters').max(100, { error: '1 to 100 characters' }),
    instructions: label,
    websiteUrl: z
      .custom((value) => typeof value === 'string' && URL.canParse(value), { error: 'an absolute URL' })
      .optional(),
    icons,
    cardName: pattern(/^[a-zA-Z0-9.-]+\/[a-zA-Z0-9._-]+$/, 'reverse.dns/name').optional(),
    feeds: plain('feeds by name'),
    streams: plain('streams by name'),
    tools: plain('tools by name'),
    tasks: plain('tasks by name'),
    resources: plain('resources by name'),
    prompts: plain('prompts by name'),
    results: z
      .strictObject(
        { bytes: within(65_536, 4_000_000), keptMs: within(60_000, 86_400_000) },
        { error: '{ bytes, keptMs }, either or both' },
      )
      .optional(),
  },
  { error: 'defineApp({ … })' },
);

const picker = z
  .custom((value) => (typeof value === 'string' && value !== '') || typeof value === 'function', {
    error: 'the name of a field, or a function of the data',
  })
  .optional();

/** What `stream` was given. */
export const streamShape = z.strictObject({
  description: forModel,
  title: label,
  schema: zodSchema,
  key: picker,
  time: picker,
  id: picker,
  revision: picker,
  retention: z
    .strictObject({ events: count(), ageMs: count(' of ms') }, { error: '{ events, ageMs }, either or both' })
    .optional(),
  dedupe: z
    .custom((value) => isCount(value) && value <= MOST_DEDUPE, { error: `a whole number from 1 to ${MOST_DEDUPE}` })
    .optional(),
  latenessMs: z
    .custom((value) => typeof value === 'number' && value >= 0, { error: 'a number of ms, 0 or more' })
    .optional(),
  example: z.unknown().optional(),
  feed: z.unknown().optional(),
  push: z
    .strictObject(
      {
        token: z.custom((value) => isSecret(value) && !value.optional, {
          error: "secret('THE_VARIABLE'), not optional",
        }),
      },
      { error: '{ token }' },
    )
    .optional(),
});

/** A feed that `http`, `mqtt`, `pull` or the app itself made; what else it carries is its own. */
export const feedShape = z.looseObject({
  type: text('the kind of feed, such as http'),
  source: text('a text that says where the data are from'),
  replayable: z.boolean({ error: 'true or false' }),
  problems: made('a function that answers the mistakes'),
  burst: made('an async generator function'),
});

export const pacingShape = z.strictObject(
  {
    everyMs: count(),
    budget: z
      .strictObject(
        { timeMs: count(), events: count(), bytes: count() },
        { error: '{ timeMs, events, bytes }, any of them' },
      )
      .optional(),
    overflow: choice('dead-letter', 'drop-oldest', 'drop-newest').optional(),
    sample: z
      .strictObject(
        {
          every: count(),
          windowMs: count(' of ms'),
          reduce: choice('first', 'last', 'min', 'max', 'mean').optional(),
          field: text('the name of a field of the data').optional(),
        },
        { error: '{ every }, or { windowMs, reduce }' },
      )
      .optional(),
  },
  { error: '{ everyMs, budget, overflow, sample }, any of them' },
);

/** What `from` answers. Values that only the feed can judge are left to it. */
export const routeShape = z.strictObject({
  kind: z.literal('route'),
  feed: text('the name of a feed'),
  topic: z.string({ error: 'a topic filter' }).optional(),
  keyLevel: z.number({ error: 'a topic level, counted from 0' }).optional(),
  payload: z.string({ error: 'json, text or number' }).optional(),
});
