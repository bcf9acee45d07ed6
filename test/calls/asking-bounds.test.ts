/** What bounds asking: rounds, sizes, depths and what a client declared; each held against a client that means no good. */
import * as z from 'zod';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defineApp, form, page, resource, tool } from '../../src/index.ts';
import { MOST_ROUNDS } from '../../src/calls/request-state.ts';
import { accept, type Reply, send, textOf } from './asking-app.ts';
import { type Served, serveApp } from '../mcp/served.ts';

const name = form('What is your name?', z.object({ name: z.string() }));
const messages = [{ role: 'user' as const, content: { type: 'text' as const, text: 'A word?' } }];
const looks = { readOnlyHint: true };
/** As JavaScript may call it. */
const sampling = (more: object) => ({ messages, maxTokens: 5, ...more });

const app = defineApp({
  name: 'bounds',
  version: '1',
  description: 'Asks',
  tools: {
    greet: tool({
      description: 'Asks one thing.',
      run: async (_input, { ask }) => (await ask('who', name)).action,
    }),
    twice: tool({
      description: 'Asks one thing after the other.',
      annotations: looks,
      run: async (_input, { ask }) => JSON.stringify([await ask('one', name), await ask('two', name)]),
    }),
    apart: tool({
      description: 'Comes to its second question late.',
      run: async (_input, { ask }) => {
        const late = async () => {
          await new Promise((resolve) => void setTimeout(resolve, 5));
          return ask('late', name);
        };
        return JSON.stringify(await Promise.all([ask('soon', name), late()]));
      },
    }),
    user: tool({
      description: 'Sends to a page with a password in its address.',
      annotations: looks,
      run: async (_input, { ask }) => (await ask('in', page('Sign in', 'https://ada:secret@example.org/'))).action,
    }),
    number: tool({
      description: 'Offers numbers to choose from, which no form can show.',
      annotations: looks,
      run: async (_input, { ask }) => (await ask('n', form('How many?', z.object({ n: z.literal([1, 2]) })))).action,
    }),
    uses: tool({
      description: "Lets the client's model use tools.",
      annotations: looks,
      run: async (_input, { sample }) => (await sample('word', sampling({ tools: [] }))).model,
    }),
    includes: tool({
      description: 'Wants context beside its own.',
      annotations: looks,
      run: async (_input, { sample }) => (await sample('word', sampling({ includeContext: 'allServers' }))).model,
    }),
    plain: tool({
      description: 'Wants none.',
      annotations: looks,
      run: async (_input, { sample }) => (await sample('word', sampling({ includeContext: 'none' }))).model,
    }),
  },
  resources: {
    note: resource({
      uri: 'note://one',
      cache: { ttlMs: 60_000, cacheScope: 'public' },
      read: async (_variables, { ask }) => (await ask('who', name)).action,
    }),
  },
});

let served: Served;
beforeAll(async () => {
  served = await serveApp(app);
});
afterAll(() => served.close());

const call = (params: object, capabilities?: object) => send(served, 'tools/call', params, capabilities);
const NAMED = accept({ name: 'Ada' });
const keys = ({ result }: Reply) => Object.keys(result.inputRequests ?? {});

/** Deeper than an answer may be, and no deeper than a body may. */
function deepLists(): unknown {
  return JSON.parse(`${'['.repeat(200)}${']'.repeat(200)}`) as unknown;
}

describe('rounds', () => {
  test('are bounded, whether they bring an answer or not', async () => {
    let { result, error } = await call({ name: 'greet' });
    let rounds = 0;
    while (result !== undefined && rounds < 200) {
      expect(result.resultType).toBe('input_required');
      ({ result, error } = await call({ name: 'greet', inputResponses: {}, requestState: result.requestState }));
      rounds += 1;
    }
    expect(rounds).toBe(MOST_ROUNDS);
    expect(error.data).toMatchObject({ code: 'bad_request_state', field: 'params.requestState' });
    expect(error.message).toContain('too many rounds');
  });

  test('keep an answer that came while its question was not reached again', async () => {
    const first = await call({ name: 'apart' });
    expect(keys(first)).toEqual(['soon']);
    const responses = { soon: NAMED };
    const second = await call({ name: 'apart', inputResponses: responses, requestState: first.result.requestState });
    expect(keys(second)).toEqual(['late']);
    const requestState = second.result.requestState;
    const third = await call({ name: 'apart', inputResponses: { late: NAMED }, requestState });
    expect(JSON.parse(textOf(third))).toEqual([NAMED, NAMED]);
  });
});

describe('answers', () => {
  test.each([[{ who: accept({ name: deepLists() }) }], [{ who: { action: 'accept', content: deepLists() } }]])(
    'that are nested too deep are refused, and are no fault of the server',
    async (inputResponses) => {
      const { result } = await call({ name: 'greet' });
      const reply = await call({ name: 'greet', inputResponses, requestState: result.requestState });
      expect(reply.result).toBeUndefined();
      expect(reply.error).toMatchObject({ code: -32_602, data: { code: 'bad_answer' } });
      expect(served.logged.filter(({ level }) => level === 'error')).toEqual([]);
    },
  );

  test('say, where they are wrong, how to begin again', async () => {
    const { result } = await call({ name: 'greet' });
    const inputResponses = { who: { action: 'perhaps' } };
    const { error } = await call({ name: 'greet', inputResponses, requestState: result.requestState });
    expect(error.data).toMatchObject({ code: 'bad_answer', field: 'params.inputResponses.who.action' });
    expect(error.data.hint).toContain('without requestState');
  });

  test('to nothing that was asked are passed over, however large, and are not carried on', async () => {
    const junk = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`junk${n}`, { action: 'x'.repeat(30_000) }]));
    const reply = await call({ name: 'twice', inputResponses: { one: NAMED, ...junk } });
    expect(keys(reply)).toEqual(['two']);
    expect((reply.result.requestState as string).length).toBeLessThan(1_000);
    const { requestState } = reply.result;
    const end = await call({ name: 'twice', inputResponses: { two: NAMED }, requestState });
    expect(JSON.parse(textOf(end))).toEqual([NAMED, NAMED]);
  });
});

describe('a client is asked for no more than it declared', () => {
  test.each([
    ['uses', { sampling: {} }, { sampling: { tools: {} } }],
    ['includes', { sampling: { tools: {} } }, { sampling: { context: {} } }],
    ['uses', {}, { sampling: { tools: {} } }],
  ])('%s, of one with %j', async (tools, capabilities, requiredCapabilities) => {
    const { status, error } = await call({ name: tools }, capabilities);
    expect([status, error.data.requiredCapabilities]).toEqual([400, requiredCapabilities]);
  });

  test.each([
    ['uses', { sampling: { tools: {} } }],
    ['includes', { sampling: { context: {} } }],
    ['plain', { sampling: {} }],
  ])('%s, where it did', async (tools, capabilities) => {
    expect(keys(await call({ name: tools }, capabilities))).toEqual(['word']);
  });
});

test.each([
  ['user', 'ask.in.url'],
  ['number', 'ask.n.n'],
])('%s: a question that no client may be sent is a defect of the app', async (tools, path) => {
  expect((await call({ name: tools })).result.isError).toBe(true);
  expect(served.logged.map(({ message }) => message).join()).toContain(path);
});

test('what was read with answers is nobody else’s to keep', async () => {
  const { result } = await send(served, 'resources/read', { uri: 'note://one' });
  const inputResponses = { who: NAMED };
  const { requestState } = result;
  const read = await send(served, 'resources/read', { uri: 'note://one', inputResponses, requestState });
  expect(read.result).toMatchObject({ contents: [{ text: 'accept' }], ttlMs: 0, cacheScope: 'private' });
});
