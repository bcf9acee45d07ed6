/** The specification of an app as a whole. What stands under each name is judged by the specification of its kind. */
import * as z from 'zod';
import type { AppOptions } from '../app.ts';
import { icons } from './display.ts';
import { bounded, judged, label, pattern, plain, text, whole } from './options.ts';

type Named<Section extends 'feeds' | 'streams' | 'tools' | 'tasks' | 'resources' | 'prompts'> = NonNullable<
  AppOptions[Section]
>[string];

export const resultsSpec = z.strictObject(
  {
    bytes: whole(65_536, 4_000_000, { unit: 'B' }).default(262_144),
    structuredBytes: whole(65_536, 4_000_000, { unit: 'B' }).default(1_000_000),
    keptMs: whole(60_000, 86_400_000, { unit: 'ms' }).default(3_600_000),
  },
  { error: '{ bytes, structuredBytes, keptMs }, any of them' },
);

const builtIn = z
  .union([z.boolean(), z.strictObject({ title: label, description: label })], {
    error: 'true, false or { title, description }',
  })
  .optional();

/** Also the names that a misspelt one is compared with. */
const builtInsSpec = z.strictObject(
  {
    list_streams: builtIn,
    read_latest: builtIn,
    read_history: builtIn,
    tail_stream: builtIn,
    publish: builtIn,
    request: builtIn,
    get_task: builtIn,
    answer_task: builtIn,
    cancel_task: builtIn,
    read_result: builtIn,
    wait_for: builtIn,
    export_history: builtIn,
    replay_dead_letters: builtIn,
  },
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
    resources: plain<Named<'resources'>>('resources by name, as in { name: resource({ … }) }'),
    prompts: plain<Named<'prompts'>>('prompts by name, as in { name: prompt({ … }) }'),
    builtIns: builtInsSpec.optional(),
    results: resultsSpec.optional(),
  },
  { error: 'defineApp({ … })' },
);
