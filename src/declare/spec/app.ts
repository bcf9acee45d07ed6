/** The specification of an app as a whole. What stands under each name is judged by the specification of its kind. */
import * as z from 'zod';
import { EVENT_DIALECTS } from '../../base/json-rpc.ts';
import type { AppOptions } from '../app.ts';
import { BUILT_INS, type BuiltInName } from '../built-ins.ts';
import { icons } from './display.ts';
import { bounded, choice, judged, label, pattern, plain, text, whole } from './options.ts';
import { webhooksSpec } from './webhooks.ts';

type Named<Section extends 'feeds' | 'streams' | 'tools' | 'tasks' | 'triggers' | 'resources' | 'prompts'> =
  NonNullable<AppOptions[Section]>[string];

export const resultsSpec = z.strictObject(
  {
    bytes: whole(65_536, 4_000_000, { unit: 'B' }).default(262_144),
    structuredBytes: whole(65_536, 4_000_000, { unit: 'B' }).default(1_000_000),
    keptMs: whole(60_000, 86_400_000, { unit: 'ms' }).default(3_600_000),
  },
  { error: '{ bytes, structuredBytes, keptMs }, any of them' },
);

/** Of a tool, a stream and whatever else is declared by name. */
export const NAME = /^[a-z][a-z0-9_-]{0,63}$/i;
export const NAME_EXPECTED = 'a name of 1 to 64 letters, digits, _ and -, a letter first';

const MOST_BYTES = 1_000_000_000_000;

export const quotasSpec = z.strictObject(
  {
    requests: whole(1, 1_000_000_000).default(6_000),
    allRequests: whole(1, 1_000_000_000).optional(),
    results: whole(1_000_000, MOST_BYTES, { unit: 'B' }).default(128_000_000),
    allResults: whole(1_000_000, MOST_BYTES, { unit: 'B' }).default(256_000_000),
    tasks: whole(1_000_000, MOST_BYTES, { unit: 'B' }).default(256_000_000),
    allTasks: whole(1_000_000, MOST_BYTES, { unit: 'B' }).default(512_000_000),
    openStreams: whole(1, 1_000_000).default(100),
    eventStreams: whole(1, 1_000_000).default(1_000),
    runningTasks: whole(1, 1_000_000).default(1_000),
    waits: whole(1, 1_000_000).default(1_000),
    allWaits: whole(1, 1_000_000).default(2_000),
    waitKeys: whole(1, 10_000).default(1_000),
    pushes: whole(1_000_000, MOST_BYTES, { unit: 'B' }).default(2_000_000_000),
    allPushes: whole(1_000_000, MOST_BYTES, { unit: 'B' }).default(4_000_000_000),
    feeds: whole(1_000_000, MOST_BYTES, { unit: 'B' }).optional(),
    subscriptions: whole(1, 1_000_000).default(100),
    allSubscriptions: whole(1, 1_000_000).default(10_000),
  },
  {
    error:
      '{ requests, allRequests, openStreams, eventStreams, results, allResults, tasks, allTasks, runningTasks, waits, allWaits, waitKeys, pushes, allPushes, feeds, subscriptions, allSubscriptions }, any of them',
  },
);

export const eventsSpec = z.strictObject(
  { codes: choice(...EVENT_DIALECTS).default('sketch') },
  { error: '{ codes }' },
);

const builtIn = z
  .union(
    [z.boolean(), z.strictObject({ name: pattern(NAME, NAME_EXPECTED).optional(), title: label, description: label })],
    {
      error: 'true, false or { name, title, description }',
    },
  )
  .optional();

/** Also the names that a misspelt one is compared with. */
const builtInsSpec = z.strictObject(
  Object.fromEntries(BUILT_INS.map((name) => [name, builtIn])) as Record<BuiltInName, typeof builtIn>,
  { error: 'tools that come with the package, by name' },
);

export const appSpec = z.strictObject(
  {
    name: bounded(
      pattern(/^[a-z0-9][a-z0-9-]{0,63}$/, '1 to 64 of a-z, 0-9 and -, not - first'),
      '1 to 64 of a-z, 0-9, -',
    ),
    version: text('a version such as 1.0.0'),
    title: label,
    description: bounded(text('1 to 100 characters').max(100, { error: '1 to 100 characters' }), '1 to 100 characters'),
    instructions: label,
    websiteUrl: judged<string>(
      'an absolute URL',
      (value) => typeof value === 'string' && URL.canParse(value),
    ).optional(),
    icons,
    cardName: pattern(/^[a-zA-Z0-9.-]+\/[a-zA-Z0-9._-]+$/, 'reverse.dns/name').optional(),
    feeds: plain<Named<'feeds'>>('feeds by name, as in { name: http({ … }) }'),
    streams: plain<Named<'streams'>>('streams by name, as in { name: stream({ … }) }'),
    tools: plain<Named<'tools'>>('tools by name, as in { name: tool({ … }) }'),
    tasks: plain<Named<'tasks'>>('tasks by name, as in { name: task({ … }) }'),
    triggers: plain<Named<'triggers'>>('triggers by name, as in { name: trigger({ … }) }'),
    resources: plain<Named<'resources'>>('resources by name, as in { name: resource({ … }) }'),
    prompts: plain<Named<'prompts'>>('prompts by name, as in { name: prompt({ … }) }'),
    builtIns: builtInsSpec.optional(),
    results: resultsSpec.optional(),
    quotas: quotasSpec.optional(),
    events: eventsSpec.optional(),
    webhooks: webhooksSpec.optional(),
    direct: z.boolean().optional(),
  },
  { error: 'defineApp({ … })' },
);
