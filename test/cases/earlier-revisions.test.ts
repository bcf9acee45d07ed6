/** What clients of earlier revisions know by another name, or not at all. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defineApp, prompt, resource, tool } from '../../src/index.ts';
import { type Served, serveApp } from '../mcp/served.ts';

const link = { type: 'resource_link' as const, uri: 'doc://page', name: 'page', description: 'The page', size: 3 };
const sound = { type: 'audio' as const, data: 'AAAA', mimeType: 'audio/wav' };

const app = defineApp({
  name: 'links',
  version: '1',
  description: 'Answers with links',
  tools: {
    link: tool({
      description: 'A link, and a sound.',
      run: () => Promise.resolve({ content: [{ type: 'text', text: 'See' }, link, sound] }),
    }),
  },
  resources: {
    page: resource({ uri: 'doc://grüße/größe', read: () => Promise.resolve('umlauts') }),
    web: resource({ uri: 'https://Bücher.example/katalog?q=ä b', read: () => Promise.resolve('books') }),
    letter: resource({ uri: 'brief://straße/{an}', read: ({ an }) => Promise.resolve(`an ${an}`) }),
  },
  prompts: {
    cite: prompt({
      description: 'Cites.',
      run: () => Promise.resolve([{ role: 'user' as const, content: link }]),
    }),
  },
});

let served: Served;
beforeAll(async () => {
  served = await serveApp(app);
});
afterAll(() => served.close());

interface Answer {
  result?: {
    content?: { type: string; text?: string }[];
    messages?: { content: { type: string } }[];
    contents?: { text: string; uri: string }[];
  };
  error?: { code: number; data: { uri?: string } };
}

async function ask(version: string | null, method: string, params: object): Promise<Answer> {
  const response = await fetch(served.mcpUrl, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      ...(version === null ? {} : { 'MCP-Protocol-Version': version }),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });
  return (await response.json()) as Answer;
}

describe('content that a revision does not know is a text', () => {
  test.each<[string | null, string[]]>([
    ['2025-11-25', ['text', 'resource_link', 'audio']],
    ['2025-06-18', ['text', 'resource_link', 'audio']],
    ['2025-03-26', ['text', 'text', 'audio']],
    [null, ['text', 'text', 'audio']],
    ['2024-11-05', ['text', 'text', 'text']],
  ])('at %s', async (version, types) => {
    const { result } = await ask(version, 'tools/call', { name: 'link' });
    expect(result?.content?.map(({ type }) => type)).toEqual(types);
    if (types[1] === 'text') expect(result?.content?.[1]?.text).toBe('page: doc://page (The page)');
    const cited = await ask(version, 'prompts/get', { name: 'cite' });
    expect(cited.result?.messages?.[0]?.content.type).toBe(types[1]);
  });

  test('and stays what it is for clients of today', async () => {
    const answer = (await (await served.call('tools/call', { name: 'link' })).json()) as Answer;
    expect(answer.result?.content?.[1]?.type).toBe('resource_link');
  });
});

test('a resource that is not there has the code of the revision', async () => {
  for (const version of ['2025-11-25', '2025-06-18', '2024-11-05', null]) {
    expect((await ask(version, 'resources/read', { uri: 'doc://none' })).error).toMatchObject({
      code: -32_002,
      data: { uri: 'doc://none' },
    });
  }
  const answer = (await (await served.call('resources/read', { uri: 'doc://none' })).json()) as Answer;
  expect(answer.error?.code).toBe(-32_602);
});

describe('a resource is found by its URI as clients send it', () => {
  test.each([
    ['doc://grüße/größe', 'umlauts'],
    ['doc://gr%C3%BC%C3%9Fe/gr%C3%B6%C3%9Fe', 'umlauts'],
    ['doc://gr%c3%bc%c3%9fe/gr%c3%b6%c3%9fe', 'umlauts'],
    ['doc://gr%C3%BC%C3%9Fe/%67r%C3%B6%C3%9Fe', 'umlauts'],
    ['https://Bücher.example/katalog?q=ä b', 'books'],
    ['https://xn--bcher-kva.example/katalog?q=%C3%A4%20b', 'books'],
    ['HTTPS://XN--BCHER-KVA.EXAMPLE:443/katalog?q=%c3%a4%20b', 'books'],
    ['brief://straße/Jürgen', 'an Jürgen'],
    ['brief://stra%C3%9Fe/J%C3%BCrgen', 'an Jürgen'],
    ['brief://stra%c3%9fe/a%2Fb', 'an a/b'],
  ])('%s', async (uri, text) => {
    const { result } = await ask('2025-11-25', 'resources/read', { uri });
    expect(result?.contents).toMatchObject([{ uri, text }]);
  });

  test.each(['doc://grusse/groesse', 'doc://gr%C3%BC%C3%9Fe', 'brief://strasse/x'])('and no other: %s', async (uri) => {
    expect((await ask('2025-11-25', 'resources/read', { uri })).error?.code).toBe(-32_002);
  });
});
