import { expect, test } from 'vitest';
import { defineApp, tool } from '../../../src/index.ts';
import type { HandlerDeps } from '../../../src/calls/deps.ts';
import type { Extension, SpecialTool } from '../../../src/mcp/extension.ts';
import { createRegistry } from '../../../src/mcp/registry/registry.ts';
import { NO_STATES } from '../../calls/states.ts';

const nothing = () => {};
const deps: HandlerDeps = {
  runtime: { now: () => 0, newId: () => 'ref-1', log: nothing, sleep: () => new Promise(nothing) },
  streamsFor: () => {
    throw new Error('no streams here');
  },
  requestStates: NO_STATES,
};

const plain = tool({ description: 'd', run: () => Promise.resolve('x') });
const special = (path: string, isDeclared: boolean): SpecialTool => ({
  path,
  isDeclared,
  description: 'd',
  call: () => Promise.resolve({ resultType: 'other' }),
});
const capability = { id: 'com.example/a', settings: {} };
const run = () => Promise.resolve({});

function registryOf(extensions: readonly Extension[], tools: Record<string, typeof plain> = {}) {
  return createRegistry({ ...deps, app: defineApp({ name: 'r', version: '1', description: 'd', tools }) }, extensions);
}

test('lists show extensions in their order, then what answers in its own way, then the app and its own such', () => {
  const registry = registryOf(
    [
      {
        tools: { first: plain },
        specialTools: { own: special('tasks.own', true), built: special('tasks.built', false) },
      },
      { tools: { second: plain } },
    ],
    { mine: plain },
  );
  const { items } = registry.tools.list(undefined);
  expect(items.map(({ name }) => name)).toEqual(['first', 'second', 'built', 'mine', 'own']);
});

test('the server declares every extension that has a capability, and no other', () => {
  const { capabilities } = registryOf([{ tools: {} }, { capability }]).about;
  expect(capabilities['extensions']).toEqual({ 'com.example/a': {} });
  expect(registryOf([{ tools: {} }]).about.capabilities).not.toHaveProperty('extensions');
});

test.each<[string, readonly Extension[]]>([
  [
    'extensions.com.example/b.a/get',
    [
      { capability, methods: { 'a/get': { run } } },
      { capability: { id: 'com.example/b', settings: {} }, methods: { 'a/get': { run } } },
    ],
  ],
  ['extensions.(without capability).a/get', [{ methods: { 'a/get': { run } } }]],
  ['extensions.(without capability).ids', [{ notifications: ['ids'] }]],
  ['tools.mine', [{ tools: { mine: plain } }]],
  ['tasks.own', [{ tools: { own: plain }, specialTools: { own: special('tasks.own', true) } }]],
])('%s is refused when the registry is built', (field, extensions) => {
  expect(() => registryOf(extensions, { mine: plain })).toThrow(
    expect.objectContaining({ code: 'invalid_config', field }) as Error,
  );
});
