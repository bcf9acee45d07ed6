/** Asking by re-entry, as a client sees it: which questions come when, what answers do, and what no handler can spoil. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { PUBLIC } from '../../src/base/principal.ts';
import { systemRuntime } from '../../src/base/runtime.ts';
import { isInputRequired } from '../../src/calls/question-round.ts';
import type { Caller } from '../../src/calls/caller.ts';
import { createRegistry } from '../../src/mcp/registry/registry.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { accept, askingApp, done, EVERYTHING, type Reply, send, textOf } from './asking-app.ts';
import { type Served, serveApp } from '../mcp/served.ts';
import { statesOn } from './states.ts';

function never(): never {
  throw new Error('nothing of this is asked for here');
}

let served: Served;
beforeAll(async () => {
  served = await serveApp(askingApp);
});
afterAll(() => served.close());
beforeEach(() => {
  done.length = 0;
  served.logged.length = 0;
});

const call = (params: object, capabilities?: object) => send(served, 'tools/call', params, capabilities);

/** Calls, and calls again with the answers of each round. */
async function play(name: string, ...rounds: object[]) {
  let reply = await call({ name });
  for (const inputResponses of rounds) {
    expect(reply.result).toMatchObject({ resultType: 'input_required' });
    reply = await call({ name, inputResponses, requestState: reply.result.requestState });
  }
  return reply;
}

/** A request of an earlier protocol version. */
async function legacy(method: string, params: object): Promise<Reply> {
  const headers = { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
  return (await (await fetch(served.mcpUrl, { method: 'POST', headers, body })).json()) as Reply;
}

const keys = (result: Record<string, unknown>) => Object.keys(result.inputRequests ?? {});

describe('a tool that asks', () => {
  test('ends with the question, and is answered by the retry', async () => {
    const { status, result } = await call({ name: 'greet' });
    expect(status).toBe(200);
    expect(result).toEqual({
      resultType: 'input_required',
      inputRequests: {
        who: {
          method: 'elicitation/create',
          params: {
            mode: 'form',
            message: 'What is your name?',
            requestedSchema: {
              type: 'object',
              properties: { name: { type: 'string', minLength: 1 } },
              required: ['name'],
            },
          },
        },
      },
      requestState: expect.any(String) as string,
      _meta: expect.anything() as object,
    });
    const reply = await play('greet', { who: accept({ name: 'Ada' }) });
    expect(reply.result).toMatchObject({ resultType: 'complete' });
    expect(textOf(reply)).toBe('Hello, Ada!');
  });

  test.each(['decline', 'cancel'])('hears that the person chose to %s', async (action) => {
    expect(textOf(await play('greet', { who: { action } }))).toBe(`You chose to ${action}.`);
  });

  test('sends together what it asks together, and asks again for what is missing', async () => {
    const first = await play('both');
    expect(keys(first.result)).toEqual(['who', 'paint']);
    const second = await play('both', { paint: accept({}) });
    expect(keys(second.result)).toEqual(['who']);
    const third = await play('both', { paint: accept({}) }, { who: accept({ name: 'Ada' }) });
    expect(JSON.parse(textOf(third))).toEqual([accept({ name: 'Ada' }), accept({ colour: 'red' })]);
  });

  test('finds its earlier answers again in each round; the same key twice is two questions', async () => {
    const [ada, blue, eve] = [{ name: 'Ada' }, { colour: 'blue' }, { name: 'Eve' }];
    const rounds = [{ who: accept(ada) }, { paint: accept(blue) }];
    expect(keys((await play('steps', ...rounds)).result)).toEqual(['who:2']);
    expect(done).toEqual([]);
    const reply = await play('steps', ...rounds, { 'who:2': accept(eve) });
    expect(JSON.parse(textOf(reply))).toEqual([accept(ada), accept(blue), accept(eve)]);
    expect(done).toEqual(['steps']);
  });

  test('passes over answers that nobody asked for', async () => {
    const extra = { who: accept({ name: 'Ada' }), stranger: accept({ a: 1 }), paint: 5 };
    expect(textOf(await play('greet', extra))).toBe('Hello, Ada!');
  });

  test.each([7, null, [], 'Ada', { method: 'elicitation/create', result: accept({ name: 'Ada' }) }])(
    'asks again where the answer is %j, which is none',
    async (response) => {
      expect(keys((await play('greet', { who: response })).result)).toEqual(['who']);
    },
  );

  test.each([
    ['greet', { who: { action: 'maybe' } }, 'who.action'],
    ['greet', { who: accept({ name: 'a'.repeat(40_000) }) }, 'who'],
    ['client', { word: { role: 'assistant' }, folders: { roots: [] } }, 'word.content'],
    ['client', { folders: { roots: [{ name: 'x' }] } }, 'folders.roots.0.uri'],
  ])('%s refuses an answer that is wrong, by its field', async (name, responses, field) => {
    const { status, error } = await play(name, responses);
    expect(status).toBe(200);
    expect(error).toMatchObject({
      code: -32_602,
      data: { code: 'bad_answer', field: `params.inputResponses.${field}` },
    });
    expect(error.data.expected).toEqual(expect.any(String));
  });

  test.each([
    ['greet', { who: accept({ name: '' }) }, 'who', 'name: a text of at least 1 character'],
    ['greet', { who: accept({}) }, 'who', 'name: a text'],
    ['greet', { who: { action: 'accept', content: null } }, 'who', 'name: a text'],
    ['even', { n: accept({ n: 3 }) }, 'n', 'n: expected an even number'],
  ])('%s asks again what a person got wrong, and says what', async (name, responses, key, mistake) => {
    const { result } = await play(name, responses);
    expect(keys(result)).toEqual([key]);
    const { message } = (result.inputRequests as Record<string, { params: { message: string } }>)[key]?.params ?? {};
    expect(message).toMatch(/\?\n\(Asked again: /);
    expect(message).toContain(mistake);
    expect((await play('even', { n: accept({ n: 3 }) }, { n: accept({ n: 4 }) })).result.isError).toBeUndefined();
  });

  test.each(['accept', 'decline'])('sends to a page, and hears no more of it than %s', async (action) => {
    const { result } = await call({ name: 'visit' });
    // 2026-07-28 has no `elicitationId`.
    const params = { mode: 'url', message: 'Sign in', url: 'https://example.org/in' };
    expect(result.inputRequests).toEqual({ in: { method: 'elicitation/create', params } });
    expect(textOf(await play('visit', { in: { action } }))).toBe(action);
  });

  test('can ask the client itself, where it can be asked', async () => {
    const { result } = await call({ name: 'client' });
    expect(result.inputRequests).toEqual({
      word: {
        method: 'sampling/createMessage',
        params: { messages: [{ role: 'user', content: { type: 'text', text: 'A word?' } }], maxTokens: 5 },
      },
      folders: { method: 'roots/list', params: {} },
    });
    const word = { role: 'assistant', content: { type: 'text', text: 'tide' }, model: 'm' };
    const reply = await play('client', { word, folders: { roots: [{ uri: 'file:///a' }] } });
    expect(JSON.parse(textOf(reply))).toEqual([{ type: 'text', text: 'tide' }, ['file:///a']]);
  });
});

describe('a handler', () => {
  test('cannot take a question for a failure: nothing behind it runs, and its signal aborts', async () => {
    expect((await play('careless')).result).toMatchObject({ resultType: 'input_required' });
    expect(done).toEqual(['told']);
    done.length = 0;
    expect(textOf(await play('careless', { sure: accept({ ok: true }) }))).toBe('went on');
    expect(done).toEqual(['told', 'answered accept', 'finally']);
  });

  test('is told by its signal, and nothing watches its time any more', async () => {
    const watching: AbortSignal[] = [];
    const sleep = async (ms: number, signal?: AbortSignal) => {
      if (ms === 0) return;
      if (signal) watching.push(signal);
      await new Promise(() => {});
    };
    const runtime = { ...systemRuntime(() => {}), sleep };
    const streamsFor = () => never();
    const store = createMemoryStore();
    const requestStates = statesOn(runtime, store);
    const registry = createRegistry({ app: askingApp, runtime, streamsFor, requestStates }, []);
    const caller: Caller = {
      principal: PUBLIC,
      account: { store },
      signal: new AbortController().signal,
      deadline: Date.now() + 60_000,
      clientCapabilities: EVERYTHING,
      retry: null,
      meta: {},
      log: never,
      progress: never,
      emit: never,
    };
    expect(isInputRequired(await registry.tools.call('careless', {}, caller))).toBe(true);
    expect(done).toEqual(['told']);
    expect(watching.map(({ aborted }) => aborted)).toEqual(watching.map(() => true));
  });

  test('cannot take a wrong answer for a failure either', async () => {
    expect((await play('careless', { sure: accept({}) })).result).toMatchObject({ resultType: 'input_required' });
    const wrong = await play('careless', { sure: { action: 'perhaps' } });
    expect(wrong.error).toMatchObject({ data: { code: 'bad_answer' } });
    expect(done.filter((what) => what !== 'told')).toEqual([]);
  });

  test('that does not wait for its question answers without it', async () => {
    expect(textOf(await call({ name: 'hasty' }))).toBe('done already');
  });

  test('that asks without end is stopped, and the log names the question', async () => {
    let reply = await call({ name: 'endless' });
    for (let round = 0; round < 40 && reply.result.resultType === 'input_required'; round += 1) {
      const [key = ''] = keys(reply.result);
      const { requestState } = reply.result;
      reply = await call({ name: 'endless', inputResponses: { [key]: accept({ name: 'Ada' }) }, requestState });
    }
    expect(reply.result.isError).toBe(true);
    expect(served.logged.map(({ message }) => message).join()).toContain('ask.who: expected at most 32 questions');
  });

  test('with a wrong key fails, and the log names it', async () => {
    expect((await call({ name: 'misnamed' })).result.isError).toBe(true);
    expect(served.logged.map(({ message }) => message).join()).toContain('ask.no key');
  });
});

test('a prompt and a resource can ask as well', async () => {
  const letter = { name: 'letter', arguments: { to: 'Bob' } };
  const { result } = await send(served, 'prompts/get', letter);
  expect(keys(result)).toEqual(['who']);
  const inputResponses = { who: accept({ name: 'Ada' }) };
  const prompted = await send(served, 'prompts/get', { ...letter, inputResponses, requestState: result.requestState });
  expect(prompted.result.messages).toEqual([{ role: 'user', content: { type: 'text', text: 'Yours, Ada' } }]);

  const { result: asked } = await send(served, 'resources/read', { uri: 'note://1' });
  expect([keys(asked), asked.ttlMs]).toEqual([['who'], undefined]);
  const { requestState } = asked;
  const read = await send(served, 'resources/read', { uri: 'note://1', inputResponses, requestState });
  expect(read.result.contents).toMatchObject([{ text: '1: {"action":"accept","content":{"name":"Ada"}}' }]);
});

describe('a client that cannot be asked', () => {
  test.each([
    ['greet', {}, { elicitation: { form: {} } }],
    ['greet', { elicitation: { url: {} } }, { elicitation: { form: {} } }],
    ['visit', { elicitation: {} }, { elicitation: { url: {} } }],
    ['client', { sampling: {} }, { roots: {} }],
    ['client', {}, { sampling: {}, roots: {} }],
  ])('%s: is told what it would have to declare beside %j', async (name, capabilities, requiredCapabilities) => {
    const { status, error } = await call({ name }, capabilities);
    expect(status).toBe(400);
    expect(error).toMatchObject({ code: -32_021, data: { code: 'missing_capability', requiredCapabilities } });
  });

  test('that declares elicitation without a mode means forms', async () => {
    expect((await call({ name: 'greet' }, { elicitation: {} })).result.resultType).toBe('input_required');
  });

  test.each([
    [{}, ''],
    [{ elicitation: {} }, 'form'],
    [{ elicitation: { url: {} }, roots: {} }, 'url roots'],
    [EVERYTHING, 'form url sample roots'],
  ])('is known to a handler beforehand: %j', async (capabilities, kinds) => {
    expect(textOf(await call({ name: 'able' }, capabilities))).toBe(kinds);
  });

  test('of an earlier protocol version gets the question in words', async () => {
    const tool = await legacy('tools/call', { name: 'both' });
    expect(tool.result.isError).toBe(true);
    expect(textOf(tool)).toContain('What is your name? | Which colour?');
    expect(textOf(tool)).toContain('2026-07-28');
    expect(textOf(await legacy('tools/call', { name: 'client' }))).toContain("the client's roots");
    expect((await legacy('prompts/get', { name: 'letter' })).error).toMatchObject({ code: -32_602 });
    expect(textOf(await legacy('tools/call', { name: 'able' }))).toBe('');
  });
});

test('the official client answers by itself', async () => {
  const client = new Client(
    { name: 't', version: '0' },
    { versionNegotiation: { mode: { pin: '2026-07-28' } }, capabilities: { elicitation: {} } },
  );
  const asked: string[] = [];
  client.setRequestHandler('elicitation/create', ({ params }) => {
    asked.push(params.message);
    const content: Record<string, string> = params.message.includes('colour') ? { colour: 'blue' } : { name: 'Ada' };
    return { action: 'accept', content };
  });
  await client.connect(new StreamableHTTPClientTransport(new URL(served.mcpUrl)));
  const answer = await client.callTool({ name: 'steps' });
  expect(asked).toEqual(['What is your name?', 'Which colour?', 'What is your name?']);
  expect(JSON.stringify(answer.content)).toContain('blue');
  await client.close();
});
