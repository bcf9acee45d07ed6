/** What is declared for people and for hosts (icons, titles, annotations, sizes) arrives wherever MCP has a place for it. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import * as z from 'zod';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Annotations, defineApp, type Icon, prompt, resource, stream, task, tool } from '../../../src/index.ts';
import { type Served, serveApp } from '../served.ts';

const icon = (name: string): Icon[] => [
  { src: `https://example.org/${name}.svg`, mimeType: 'image/svg+xml', sizes: ['any'], theme: 'dark' },
  { src: 'data:image/png;base64,iVBORw0KGgo=', sizes: ['48x48', '96x96'] },
];
const annotations: Annotations = { audience: ['user'], priority: 0.5, lastModified: '2026-11-21T12:00:00+01:00' };
const run = () => Promise.resolve('');

const app = defineApp({
  name: 'shown',
  version: '1',
  description: 'Things with icons',
  instructions: 'Look at them.',
  icons: icon('app'),
  streams: {
    plant: stream({ title: 'Plant', description: 'Temperatures', schema: z.object({ celsius: z.number() }) }),
  },
  tools: {
    look: tool({
      title: 'Look',
      description: 'Looks.',
      icons: icon('tool'),
      annotations: { title: 'Look around', readOnlyHint: true },
      run: () =>
        Promise.resolve({
          content: [
            { type: 'text', text: 'for you', annotations },
            { type: 'resource_link', uri: 'doc://a', name: 'a', title: 'A', size: 3, icons: icon('link'), annotations },
          ],
        }),
    }),
    plain: tool({ description: 'Has nothing of that.', icons: [], run }),
  },
  tasks: { work: task({ title: 'Work', description: 'Works.', version: '1', icons: icon('task'), run }) },
  resources: {
    fixed: resource({
      uri: 'doc://a',
      title: 'A',
      icons: icon('resource'),
      mimeType: 'text/plain',
      annotations,
      size: 3,
      read: () => Promise.resolve('abc'),
    }),
    template: resource({
      uri: 'doc://of/{name}',
      title: 'Of',
      icons: icon('template'),
      annotations,
      read: () => Promise.resolve('abc'),
      list: () =>
        Promise.resolve([
          { uri: 'doc://of/b', name: 'b' },
          { uri: 'doc://of/c', name: 'c', size: 7, annotations: { priority: 1 }, icons: icon('listed') },
        ]),
    }),
  },
  prompts: {
    brief: prompt({
      title: 'Brief',
      description: 'A brief.',
      icons: icon('prompt'),
      arguments: [{ name: 'topic', title: 'Topic', description: 'of what', required: true }],
      run,
    }),
  },
});

let served: Served;
beforeAll(async () => {
  served = await serveApp(app, { builtIns: true });
});
afterAll(() => served.close());

const SERVER_INFO = 'io.modelcontextprotocol/serverInfo';

async function resultOf(method: string, change: Parameters<Served['call']>[2] = {}) {
  const response = await served.call(method, {}, change);
  return ((await response.json()) as { result: { _meta: Record<string, unknown> } }).result;
}

describe('the server itself', () => {
  test('shows its icons where it is discovered, and not in every answer', async () => {
    // The second is answered by the SDK.
    for (const meta of [{}, { progressToken: 1 }]) {
      const { _meta: told } = await resultOf('server/discover', { meta });
      expect(told[SERVER_INFO]).toMatchObject({ name: 'shown', icons: icon('app') });
    }
    const { _meta: told } = await resultOf('tools/list');
    expect(told[SERVER_INFO]).toMatchObject({ name: 'shown' });
    expect(told[SERVER_INFO]).not.toHaveProperty('icons');
  });

  test.each(['/mcp/server-card', '/.well-known/mcp.json', '/.well-known/mcp/server-card.json'])(
    'shows them in %s',
    async (path) => {
      expect(await (await fetch(served.url + path)).json()).toMatchObject({ icons: icon('app') });
    },
  );
});

test('an argument of a prompt has its title', async () => {
  const { prompts } = (await resultOf('prompts/list')) as unknown as { prompts: unknown[] };
  expect(prompts).toMatchObject([{ arguments: [{ name: 'topic', title: 'Topic' }] }]);
});

describe.each([{ pin: '2026-07-28' }, 'legacy'] as const)('the official client (%j)', (mode) => {
  let client: Client;
  beforeAll(async () => {
    client = new Client({ name: 't', version: '0' }, { versionNegotiation: { mode } });
    await client.connect(new StreamableHTTPClientTransport(new URL(served.mcpUrl)));
  });
  afterAll(() => client.close());

  test('sees who the server is, and how to use it', () => {
    expect(client.getServerVersion()).toMatchObject({ name: 'shown', icons: icon('app') });
    expect(client.getInstructions()).toBe('Look at them.');
  });

  test('sees tools and tasks', async () => {
    const { tools } = await client.listTools();
    const find = (name: string) => tools.find((each) => each.name === name);
    expect(find('look')).toMatchObject({
      title: 'Look',
      icons: icon('tool'),
      annotations: { title: 'Look around', readOnlyHint: true },
    });
    expect(find('work')).toMatchObject({ title: 'Work', icons: icon('task') });
    expect(Object.keys(find('plain') ?? {}).toSorted()).toEqual(['description', 'inputSchema', 'name']);
    const untitled = tools.filter(({ name, title }) => title === undefined && name !== 'plain');
    expect(untitled).toEqual([]);
  });

  test('sees resources, those of templates too', async () => {
    const { resources } = await client.listResources();
    const find = (uri: string) => resources.find((each) => each.uri === uri);
    expect(find('doc://a')).toEqual({
      uri: 'doc://a',
      name: 'fixed',
      title: 'A',
      icons: icon('resource'),
      mimeType: 'text/plain',
      annotations,
      size: 3,
    });
    expect(find('doc://of/b')).toMatchObject({ annotations });
    expect(find('doc://of/c')).toMatchObject({ annotations: { priority: 1 }, size: 7, icons: icon('listed') });
    expect(find('stream://plant')).toMatchObject({
      title: 'Plant',
      description: 'Temperatures',
      annotations: { audience: ['assistant'] },
    });
    const { resourceTemplates } = await client.listResourceTemplates();
    const template = resourceTemplates.find(({ name }) => name === 'template');
    expect(template).toMatchObject({ title: 'Of', icons: icon('template'), annotations });
    expect(resourceTemplates.filter(({ title }) => title === undefined)).toEqual([]);
  });

  test('sees prompts and their arguments', async () => {
    const { prompts } = await client.listPrompts();
    expect(prompts).toEqual([
      {
        name: 'brief',
        title: 'Brief',
        description: 'A brief.',
        icons: icon('prompt'),
        // The SDK's client knows no title of an argument.
        arguments: [{ name: 'topic', description: 'of what', required: true }],
      },
    ]);
  });

  test('sees what content is for whom', async () => {
    const { content } = await client.callTool({ name: 'look' });
    expect(content).toMatchObject([{ annotations }, { title: 'A', size: 3, icons: icon('link'), annotations }]);
  });
});
