/** Handlers that never end: whoever waits for them is answered at the deadline of the request, whatever the handler is. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defineApp, prompt, resource, tool } from '../../src/index.ts';
import { serveApp, type Served } from '../mcp/served.ts';

const never = () => new Promise<never>(() => {});
/** Ends the handlers that were left behind, by name. */
const left = new Map<string, { answer: () => void; fail: (error: Error) => void }>();
const behind = (name: string) =>
  new Promise<string>((resolve, reject) => left.set(name, { answer: () => resolve('too late'), fail: reject }));

const app = defineApp({
  name: 'slow',
  version: '1.0.0',
  description: 'Handlers that never end',
  tools: {
    slow: tool({ description: 'Never ends', run: () => behind('slow') }),
    fails: tool({ description: 'Fails when nobody waits', run: () => behind('fails') }),
    tells: tool({
      description: 'Says something, and never ends',
      run: (_, { progress }) => {
        progress(1);
        return never();
      },
    }),
    hears: tool({
      description: 'Answers what it has when its time is over',
      run: (_, { signal }) =>
        new Promise<string>((resolve) => signal.addEventListener('abort', () => resolve('as far as I came'))),
    }),
    throwsAtOnce: tool({
      description: 'Throws before it makes a promise',
      run: () => {
        throw new Error('broken');
      },
    }),
  },
  resources: {
    page: resource({ uri: 'doc://page', description: 'Never ends', read: never }),
    pages: resource({
      uri: 'doc://pages/{name}',
      description: 'Neither read nor listed nor completed',
      read: never,
      list: never,
      complete: { name: never },
    }),
  },
  prompts: { ask: prompt({ description: 'Never ends', run: never }) },
});

let served: Served;
beforeAll(async () => void (served = await serveApp(app, { requestMs: 30 })));
afterAll(() => served.close());

const METHODS: [string, object][] = [
  ['tools/call', { name: 'slow', arguments: {} }],
  ['resources/read', { uri: 'doc://page' }],
  ['resources/list', {}],
  ['prompts/get', { name: 'ask', arguments: {} }],
  [
    'completion/complete',
    { ref: { type: 'ref/resource', uri: 'doc://pages/{name}' }, argument: { name: 'name', value: '' } },
  ],
];

interface Answer {
  result?: { isError?: boolean; content: { text: string }[]; _meta?: Record<string, unknown> };
  error?: { message: string; data: { code: string } };
}

/** The code and the words of a refusal, whether a model sees it or the client alone. */
function refusal({ result, error }: Answer): { code: unknown; text: string } {
  if (error) return { code: error.data.code, text: error.message };
  const { _meta: meta, content: [first] = [] } = result ?? {};
  return { code: (meta?.['io.tidegate/error'] as { code: string } | undefined)?.code, text: first?.text ?? '' };
}

async function legacy(method: string, params: object): Promise<Answer> {
  const response = await fetch(served.mcpUrl, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      'MCP-Protocol-Version': '2025-11-25',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });
  return lastMessage(await response.text());
}

function lastMessage(text: string): Answer {
  const data = text.split('\n').flatMap((line) => (line.startsWith('data: {') ? [line.slice(6)] : []));
  return JSON.parse(data.at(-1) ?? text) as Answer;
}

describe('a handler that never ends is refused at the deadline', () => {
  // The SDK serves clients that bring an icon.
  const withIcon = {
    'io.modelcontextprotocol/clientInfo': { name: 't', version: '0', icons: [{ src: 'https://a.example/i.png' }] },
  };

  test.each(METHODS)('%s, on each way', async (method, params) => {
    const answers = await Promise.all([
      served.call(method, params).then((response) => response.json() as Promise<Answer>),
      served.call(method, params, { meta: withIcon }).then(async (response) => lastMessage(await response.text())),
      legacy(method, params),
    ]);
    for (const answer of answers) {
      const { code, text } = refusal(answer);
      expect([code, text]).toEqual(['cancelled', expect.stringMatching(/did not answer within 0 s/)]);
    }
  });

  test('also where an event stream has begun', async () => {
    const response = await served.call('tools/call', { name: 'tells', arguments: {} }, { meta: { progressToken: 1 } });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    expect(refusal(lastMessage(await response.text())).code).toBe('cancelled');
  });
});

const told = (words: string) => served.logged.filter(({ message }) => message.startsWith(words));

test('what it answers later is dropped, and told once', async () => {
  for (const name of ['slow', 'fails']) await served.call('tools/call', { name, arguments: {} });
  expect(told('tool fails did not answer by the deadline')).toHaveLength(1);
  left.get('slow')?.answer();
  left.get('fails')?.fail(new Error('no such device'));
  await expect.poll(() => told('tool slow answered after its request was over').length).toBe(1);
  const [failed, ...others] = told('tool fails failed after its request was over');
  expect([failed?.level, others.length]).toEqual(['warn', 0]);
  expect(failed?.fields).toMatchObject({ cause: expect.stringContaining('no such device') as string });
});

test('one that hears its signal says what it has', async () => {
  const response = await served.call('tools/call', { name: 'hears', arguments: {} });
  expect(await response.json()).toMatchObject({ result: { content: [{ text: 'as far as I came' }] } });
});

test('one that throws before it makes a promise has failed', async () => {
  const response = await served.call('tools/call', { name: 'throwsAtOnce', arguments: {} });
  expect(refusal((await response.json()) as Answer).code).toBe('internal');
});
