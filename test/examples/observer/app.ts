/**
 * File changes, as something that watches a machine's files pushes them: who watches what, and what changed, with the
 * tools of hesreallyhim/mcp-observer-server. What a watch asks for is a stream too, so any instance knows it; of a file's
 * content there is what its last change brought along.
 */
import * as z from 'zod';
import { defineApp, resource, secret, stream, TidegateError, tool, type AppStreams } from 'tidegate';
import { matchesGlob } from './glob.ts';

const EVENTS = ['created', 'modified', 'deleted'] as const;

const Change = z.object({
  path: z.string().min(1).max(250).describe('absolute path'),
  event: z.enum(EVENTS),
  timestamp: z.iso.datetime().describe('when it was noticed'),
  size: z.int().optional().meta({ unit: 'bytes' }),
  content: z.string().max(100_000).optional().describe('of a text file, after the change'),
});
const Watch = z.object({
  id: z.string(),
  path: z.string().min(1).max(250).describe('a file or a directory'),
  recursive: z.boolean().default(false).describe('subdirectories too'),
  patterns: z.array(z.string().max(100)).max(20).default(['*']).describe('glob patterns, of which one has to match'),
  ignore_patterns: z.array(z.string().max(100)).max(20).default([]).describe('glob patterns, of which none may match'),
  events: z.array(z.enum(EVENTS)).default([...EVENTS]),
  created_at: z.iso.datetime(),
  active: z.boolean(),
});
const Id = z.object({ subscription_id: z.string().describe('as subscribe answered it') });
type WatchData = z.output<typeof Watch>;

// #region push
const changes = stream({
  description: 'Changes of files, as the machines that have them push them',
  schema: Change,
  key: 'path',
  time: 'timestamp',
  push: { token: secret('OBSERVER_TOKEN') },
});
// #endregion
const watches = stream({ description: 'What is watched, and for which changes', schema: Watch, key: 'id' });

async function watchOf(streams: AppStreams, id: string): Promise<WatchData> {
  const event = await streams.latest(watches, id);
  if (event?.data.active) return event.data;
  throw new TidegateError('not_found', `There is no subscription ${id}`, { hint: 'list_subscriptions shows them' });
}

function concerns(watch: WatchData, { path, event }: z.output<typeof Change>): boolean {
  const folder = watch.path.replace(/\/+$/, '');
  const below = path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : path === folder ? '' : null;
  if (below === null || (!watch.recursive && below.includes('/')) || !watch.events.includes(event)) return false;
  const name = path.slice(path.lastIndexOf('/') + 1);
  const isAny = (globs: string[]) => globs.some((glob) => matchesGlob(glob, name) || matchesGlob(glob, path));
  return isAny(watch.patterns) && !isAny(watch.ignore_patterns);
}

/** The newest changes that a watch is about, oldest first; none from before it began. */
async function changesOf(streams: AppStreams, watch: WatchData, since: number) {
  const from = Math.max(since, Date.parse(watch.created_at));
  const { events } = await streams.last(changes, 1_000);
  const found = events.filter(({ time, data }) => time >= from && concerns(watch, data));
  return found.slice(-100).map(({ data: { path, event, timestamp } }) => ({ path, event, timestamp }));
}

const subscribe = tool({
  description: 'Begins to watch a file or a directory for changes.',
  input: Watch.omit({ id: true, created_at: true, active: true }),
  output: z.object({ subscription_id: z.string(), status: z.string() }),
  run: async (input, { streams, now }) => {
    const id = crypto.randomUUID();
    await streams.append(watches, { ...input, id, created_at: new Date(now()).toISOString(), active: true });
    return { structured: { subscription_id: id, status: 'active' } };
  },
});

const unsubscribe = tool({
  description: 'Ends a watch.',
  input: Id,
  output: z.object({ success: z.boolean(), message: z.string() }),
  run: async ({ subscription_id: id }, { streams }) => {
    await streams.append(watches, { ...(await watchOf(streams, id)), active: false });
    return { structured: { success: true, message: `${id} has ended` } };
  },
});

const listSubscriptions = tool({
  description: 'What is watched.',
  annotations: { readOnlyHint: true },
  output: z.object({ subscriptions: z.array(Watch.omit({ active: true })) }),
  run: async (_input, { streams }) => {
    const { events } = await streams.latestByKey(watches, { limit: 1_000 });
    const subscriptions = events.flatMap(({ data: { active, ...watch } }) => (active ? [watch] : []));
    return { structured: { subscriptions } };
  },
});

const getChanges = tool({
  description: 'What changed of what a subscription watches, oldest first.',
  annotations: { readOnlyHint: true },
  input: Id.extend({ since: z.iso.datetime({ offset: true }).optional().describe('only what came after it') }),
  output: z.object({ changes: z.array(Change.pick({ path: true, event: true, timestamp: true })) }),
  run: async ({ subscription_id: id, since }, { streams }) => {
    const from = since === undefined ? 0 : Date.parse(since) + 1;
    return { structured: { changes: await changesOf(streams, await watchOf(streams, id), from) } };
  },
});

const json = (uri: string, value: object) => [{ uri, mimeType: 'application/json', text: JSON.stringify(value) }];

const subscription = resource({
  uri: 'subscription://{subscription_id}',
  description: 'A watch, and what changed of it lately',
  read: async ({ subscription_id: id }, { streams, uri }) => {
    const watch = await watchOf(streams, id);
    return json(uri, { ...watch, changes: await changesOf(streams, watch, 0) });
  },
});

const file = resource({
  uri: 'file://{path}',
  description: 'A file as its last change left it; the path percent-encoded',
  read: async ({ path }, { streams, uri }) => {
    const change = (await streams.latest(changes, path))?.data;
    const text = change?.event === 'deleted' ? undefined : change?.content;
    if (text !== undefined) return [{ uri, mimeType: 'text/plain', text }];
    throw new TidegateError('not_found', `Nothing is known of what ${path} holds`, { field: 'uri' });
  },
});

const directory = resource({
  uri: 'dir://{path}',
  description: 'The files below a directory that have changed and are still there',
  read: async ({ path }, { streams, uri }) => {
    const { events } = await streams.latestByKey(changes, { limit: 1_000 });
    const there = events.filter(({ data }) => data.path.startsWith(`${path}/`) && data.event !== 'deleted');
    const files = there.map(({ data }) => ({ path: data.path, size: data.size, timestamp: data.timestamp }));
    return json(uri, { path, files });
  },
});

export default defineApp({
  name: 'observer',
  version: '1.0.0',
  description: 'File changes, watched and told',
  streams: { changes, watches },
  tools: { subscribe, unsubscribe, list_subscriptions: listSubscriptions, get_changes: getChanges },
  resources: { subscription, file, directory },
});
