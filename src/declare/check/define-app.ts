/**
 * `defineApp` validates the whole declaration once, at start. All other code reads what it returns. It holds no state
 * and does no I/O, so one app runs on every platform.
 */
import { TidegateError } from '../../base/errors.ts';
import type { App, AppOptions } from '../app.ts';
import { toolNamesOf } from '../built-ins.ts';
import type { Problem } from '../problem.ts';
import type { DeclaredStream } from '../stream.ts';
import { checkBuiltIns } from './built-ins.ts';
import { declareFeeds } from './feeds.ts';
import { checkHandlers } from './handlers.ts';
import { isBroken, specProblems } from '../spec/problems.ts';
import { appSpec, eventsSpec, NAME, NAME_EXPECTED, quotasSpec, resultsSpec } from '../spec/app.ts';
import { webhooksSpec } from '../spec/webhooks.ts';
import { withDefaults } from '../spec/options.ts';
import { declareStream } from './stream.ts';
import { checkTaskReader, checkTasks } from './tasks.ts';
import { declareTriggers } from './triggers.ts';

const PARTS = ['feeds', 'streams', 'tools', 'tasks', 'triggers', 'resources', 'prompts'] as const;
/** Most mistakes that are told at once; the message says how many more there are. */
const MOST_TOLD = 50;

/**
 * Validates a declaration and returns the app.
 * @throws TidegateError `invalid_config` that lists the mistakes, 50 at most, in the order of the declaration as `path: expected …,
 * found …`; its `field` is the first path.
 */
export function defineApp(options: AppOptions): App {
  const problems = specProblems(appSpec, options, '');
  if (typeof options !== 'object' || options === null) throw declarationError(problems, options);
  const cardName = options.cardName ?? `io.github.tidegate/${options.name}`;
  // A section that is not an object of things by name was reported already, and is not checked further.
  const parts = Object.fromEntries(PARTS.map((part) => [part, isBroken(problems, part) ? {} : (options[part] ?? {})]));
  const declared: AppOptions = { ...options, ...parts };
  for (const part of PARTS) {
    for (const name of Object.keys(declared[part] ?? {})) {
      if (NAME.test(name)) continue;
      problems.push({ path: `${part}.${name}`, expected: NAME_EXPECTED, found: JSON.stringify(name) });
    }
  }

  const streams = new Map<string, DeclaredStream>();
  for (const [name, declaration] of Object.entries(declared.streams ?? {})) {
    const stream = declareStream(name, declaration, problems);
    if (stream) streams.set(name, stream);
  }
  const feeds = declareFeeds(declared, streams, problems);
  checkHandlers(declared, problems);
  checkTasks(declared, problems);
  const triggers = declareTriggers(declared, streams, problems);
  if (!isBroken(problems, 'builtIns')) {
    checkBuiltIns(declared, problems);
    checkTaskReader(declared, streams, problems);
  }

  if (problems.length > 0) throw declarationError(problems, options);
  return {
    options,
    name: options.name,
    version: options.version,
    title: options.title ?? options.name,
    description: options.description,
    instructions: options.instructions ?? null,
    websiteUrl: options.websiteUrl ?? null,
    icons: options.icons ?? [],
    cardName,
    streams,
    feeds,
    tools: new Map(Object.entries(options.tools ?? {})),
    tasks: new Map(Object.entries(options.tasks ?? {})),
    triggers,
    resources: new Map(Object.entries(options.resources ?? {})),
    prompts: new Map(Object.entries(options.prompts ?? {})),
    builtIns: options.builtIns ?? {},
    toolNames: toolNamesOf(options.builtIns ?? {}),
    results: withDefaults(resultsSpec, options.results ?? {}),
    quotas: withDefaults(quotasSpec, options.quotas ?? {}),
    events: withDefaults(eventsSpec, options.events ?? {}),
    webhooks: withDefaults(webhooksSpec, options.webhooks ?? {}),
    direct: options.direct ?? true,
  };
}

/** Returns an app with more declarations: a host adds what only it has. A declaration of the same name is replaced. */
export function extendApp(
  app: App,
  more: Pick<AppOptions, 'feeds' | 'streams' | 'tools' | 'tasks' | 'triggers' | 'resources' | 'prompts'>,
): App {
  const { options } = app;
  return defineApp({
    ...options,
    feeds: { ...options.feeds, ...more.feeds },
    streams: { ...options.streams, ...more.streams },
    tools: { ...options.tools, ...more.tools },
    tasks: { ...options.tasks, ...more.tasks },
    triggers: { ...options.triggers, ...more.triggers },
    resources: { ...options.resources, ...more.resources },
    prompts: { ...options.prompts, ...more.prompts },
  });
}

/** In the order in which the app declares what they are of. Those of the app itself stand where its options do. */
function inOrder(problems: readonly Problem[], options: Readonly<Record<string, unknown>>): Problem[] {
  const placeOf = ({ path }: Problem) => {
    const [part = '', name = ''] = path.split('.');
    const within = options[part];
    const names = typeof within === 'object' && within !== null ? Object.keys(within) : [];
    return [Object.keys(options).indexOf(part), names.indexOf(name)] as const;
  };
  const placed = problems.map((problem) => ({ problem, place: placeOf(problem) }));
  return placed.toSorted((a, b) => a.place[0] - b.place[0] || a.place[1] - b.place[1]).map(({ problem }) => problem);
}

function declarationError(found: readonly Problem[], options: unknown): TidegateError {
  const problems = inOrder(found, typeof options === 'object' && options !== null ? { ...options } : {});
  const lines = problems
    .slice(0, MOST_TOLD)
    .map(({ path, expected, found: shown }) => `  ${path}: expected ${expected}${shown ? `, found ${shown}` : ''}`);
  if (problems.length > MOST_TOLD) lines.push(`  … and ${problems.length - MOST_TOLD} more`);
  return new TidegateError(
    'invalid_config',
    `the app declaration has ${problems.length} mistake(s):\n${lines.join('\n')}`,
    {
      field: problems[0]?.path,
      expected: problems[0]?.expected,
    },
  );
}
