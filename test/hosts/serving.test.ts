/** The app put together: what it says of itself is so. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { systemRuntime } from '../../src/base/runtime.ts';
import { composeRegistry, composeServing } from '../../src/hosts/serving.ts';
import { withTasks } from '../../src/hosts/task-deps.ts';
import { type AppOptions, defineApp, mqtt, prompt, pull, resource, stream, tool } from '../../src/index.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';

const runtime = systemRuntime(() => {});

function depsOf(more: Partial<AppOptions>) {
  const app = defineApp({ name: 'composed', version: '1', description: 'd', ...more });
  return { app, store: createMemoryStore(), runtime };
}

const described = { description: 'Events', schema: z.object({ a: z.number() }) };
const events = stream(described);
const pulled = stream({ ...described, feed: pull({ pull: async () => ({ items: [] }) }) });
const page = resource({ uri: 'page://one', read: async () => 'one' });
const brief = prompt({ description: 'Brief', run: async () => 'x' });

test.each([
  ['nothing', {}],
  ['a stream', { streams: { events } }],
  ['a feed', { streams: { pulled } }],
  ['a resource', { resources: { page } }],
  ['a prompt', { prompts: { brief } }],
])('an app with %s has the capabilities that it says it has', (_what, more) => {
  const { about, resources, prompts } = composeRegistry(depsOf(more), {});
  expect('resources' in about.capabilities).toBe(resources.size > 0);
  expect('prompts' in about.capabilities).toBe(prompts.size > 0);
});

test('an app that has to ask and cannot is told of it when it starts', () => {
  const logged: unknown[][] = [];
  const told = systemRuntime((...line) => void logged.push(line));
  const broker = mqtt({
    url: 'mqtt://broker.example',
    topics: { publish: ['free', { topic: 'valves/+', confirm: true }] },
  });
  const secrets = { current: 's'.repeat(32), previous: null };
  const app = defineApp({ name: 'asks', version: '1', description: 'd', feeds: { broker } });
  const deps = { app, store: createMemoryStore(), runtime: told };
  composeRegistry(deps, { secrets });
  expect(logged).toEqual([]);
  composeRegistry(deps, {});
  const fields = { field: 'TIDEGATE_SECRET', topics: ['broker: valves/+'] };
  expect(logged).toEqual([['warn', expect.stringContaining('TIDEGATE_SECRET'), fields]]);
});

test('what cannot be served is told before anything is', () => {
  const deps = depsOf({
    streams: { events },
    tools: { read_latest: tool({ description: 'd', run: async () => 'x' }) },
  });
  expect(() => composeServing(withTasks(deps))).toThrow(
    expect.objectContaining({ code: 'invalid_config', field: 'tools.read_latest' }),
  );
});
