/** Arguments as models and clients write them: of every tool that there is, and over the wire. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { JsonObject } from '../../../src/base/json.ts';
import { defineApp, prompt, stream, task, tool } from '../../../src/index.ts';
import { checkedArguments } from '../../../src/mcp/registry/arguments.ts';
import { carelessly } from '../../base/schema/careless.ts';
import { valueOf } from '../../fuzz/arguments.ts';
import { randomFrom } from '../serve/wrong-messages.ts';
import { type Served, serveApp } from '../served.ts';
import { allInputs } from './inputs.ts';

const SEED = 20_261_130;
const ROUNDS = 60;

const app = defineApp({
  name: 'args',
  version: '1',
  description: 'Tools of each kind',
  streams: {
    meters: stream({
      description: 'Readings',
      schema: z.object({ kwh: z.number(), customer: z.string() }),
      key: ({ customer }) => customer,
    }),
  },
  tools: {
    strict: tool({
      description: 'Says what it got.',
      input: z.strictObject({ id: z.string(), most: z.int().max(9).default(3), tags: z.array(z.string()).optional() }),
      run: async (input) => JSON.stringify(input),
    }),
    bare: tool({ description: 'Takes anything.', run: async (input) => JSON.stringify(input) }),
  },
  tasks: {
    add: task({
      version: '1',
      description: 'Adds',
      otherwise: 'handle',
      input: z.object({ a: z.number(), b: z.number().optional() }),
      run: async ({ a, b = 0 }) => String(a + b),
    }),
  },
  prompts: {
    brief: prompt({
      description: 'Brief',
      arguments: [{ name: 'topic', required: true }, { name: 'days' }],
      run: async (input) => JSON.stringify(input),
    }),
  },
});

let served: Served;
beforeAll(async () => {
  served = await serveApp(app, { builtIns: true });
});
afterAll(() => served.close());

interface Answer {
  error?: { code: number; message: string; data?: Record<string, unknown> };
  result?: { isError?: boolean; content?: { text: string }[]; messages?: { content: { text: string } }[] };
}

async function call(name: string, args: unknown, method = 'tools/call'): Promise<Answer> {
  return (await (await served.call(method, { name, arguments: args })).json()) as Answer;
}

async function textOf(name: string, args: unknown): Promise<string> {
  const { result } = await call(name, args);
  return (result?.content ?? []).map(({ text }) => text).join('\n');
}

/** What is published is judged by its topic's schema, and later: as an argument it may be anything. */
function withoutPayload(schema: JsonObject): JsonObject {
  const { payload: _later, ...properties } = (schema.properties ?? {}) as JsonObject;
  return { ...schema, properties };
}

it(`whatever a careless client writes of right arguments is the same input (seed ${SEED})`, async () => {
  const inputs = await allInputs();
  expect(inputs.length).toBeGreaterThan(50);
  const random = randomFrom(SEED);
  let changed = 0;
  for (const { name, input } of inputs) {
    const schema = z.toJSONSchema(input, { io: 'input', unrepresentable: 'any' }) as JsonObject;
    for (let round = 0; round < ROUNDS; round += 1) {
      const args = valueOf(schema, random, []);
      const right = input.safeParse(args);
      if (!right.success) continue;
      const written = carelessly(withoutPayload(schema), args, random);
      if (!input.safeParse(written).success) changed += 1;
      const read = checkedArguments(input, written, 'nothing');
      expect(read, `${name} ${JSON.stringify(written)}`).toEqual({ ok: true, input: right.data, passedOver: [] });
    }
  }
  expect(changed).toBeGreaterThan(500);
}, 120_000);

describe('null, texts and lone values', () => {
  it.each<[string, unknown, string]>([
    ['null for an argument that may be absent', { id: 'a', most: null, tags: null }, '{"id":"a","most":3}'],
    ['null for a name that is none', { id: 'a', toolCallId: null }, '{"id":"a","most":3}'],
    ['a number for a text, and a text for a number', { id: 7, most: '5' }, '{"id":"7","most":5}'],
    ['JSON of a list', { id: 'a', tags: '["b"]' }, '{"id":"a","most":3,"tags":["b"]}'],
    ['a lone value', { id: 'a', tags: 'b' }, '{"id":"a","most":3,"tags":["b"]}'],
    ['JSON of all', '{"id":"a"}', '{"id":"a","most":3}'],
  ])("%s are an app's tool as good", async (_what, args, text) => expect(await textOf('strict', args)).toBe(text));

  it('null and no arguments are one', async () => {
    expect(await textOf('bare', null)).toBe('{}');
    expect(await textOf('read_latest', { stream: 'meters', key: null, limit: '5', after: null })).not.toContain(
      'Wrong',
    );
  });

  it('a task gets the same', async () => {
    const { result } = await call('add', { a: '2', b: null });
    expect(result?.isError).toBeUndefined();
  });

  it('a prompt takes a number for a text, and null for nothing', async () => {
    const { result } = await call('brief', { topic: 'tides', days: 5, more: 'x' }, 'prompts/get');
    expect(result?.messages?.[0]?.content.text).toBe('{"topic":"tides","days":"5"}');
    const absent = await call('brief', { topic: 'tides', days: null }, 'prompts/get');
    expect(absent.result?.messages?.[0]?.content.text).toBe('{"topic":"tides"}');
    const missing = await call('brief', null, 'prompts/get');
    expect(missing.error).toMatchObject({ code: -32_602, data: { field: 'arguments.topic', expected: 'a text' } });
  });

  it.each([
    ['a list of what groups', { window: 'all', from: '-1h', field: 'kwh', by: 'customer' }],
    ['a filter as JSON', { where: '{"kwh":{"above":"1"}}' }],
    ['a limit as a text', { limit: '5', estimate: 'false', order: null }],
  ])('read_history takes %s', async (_what, args) => {
    expect(await textOf('read_history', { stream: 'meters', ...args })).toMatch(/of meters/);
  });
});

describe('an argument too many', () => {
  it('is passed over by a built-in tool, which says so', async () => {
    const { result } = await call('read_latest', { stream: 'meters', toolCallId: 'call_1' });
    expect(result?.isError).toBeUndefined();
    expect(await textOf('read_latest', { stream: 'meters', toolCallId: 'call_1' })).toContain(
      'Passed over, because read_latest has no such argument: toolCallId',
    );
  });

  it('is named on one line, whatever its name holds, also where it is __proto__', async () => {
    const odd = JSON.parse('{"a\\nb\\u001b[31m\\u202ec":1,"__proto__":1}') as object;
    expect(await textOf('read_latest', Object.assign(odd, { stream: 'meters' }))).toContain(
      'Passed over, because read_latest has no such argument: "a\\nb\\u001b[31m\\u202ec", __proto__',
    );
  });

  it('is refused where it names whose data are asked for', async () => {
    expect(await textOf('read_latest', { stream: 'meters', tenant: 'beta' })).toContain('tenant: unknown here');
  });

  it.each(['where', 'from', 'trigger'])('is refused where %s asks for a part of what there is', async (name) => {
    expect(await textOf('list_streams', { [name]: 'x' })).toContain(`${name}: unknown here`);
  });

  it('is none where a key is half of a surrogate pair, which is told of the argument itself', async () => {
    expect(await textOf('read_latest', { stream: 'meters', key: '\uD800' })).toContain(
      'key: a text without half of a surrogate pair',
    );
  });

  it('is refused by a strict tool of the app', async () => {
    expect(await textOf('strict', { id: 'a', toolCallId: 'x' })).toContain(
      'toolCallId: unknown here (known: id, most, tags)',
    );
  });
});

describe('what could mean two things is refused', () => {
  it.each<[object, string | RegExp]>([
    [{ limt: 5 }, 'limt: unknown here, did you mean limit?'],
    [{ filter: { kwh: 1 } }, 'filter: unknown here, did you mean where?'],
    [{ where: { kwh: { gt: 1 } } }, /where\.kwh\.gt: Expected one of .*did you mean above\?/],
    [{ where: { kwh: { $gte: 1 } } }, /where\.kwh\.\$gte: .*did you mean atLeast\?/],
    [{ limit: '0x10' }, 'limit: expected a number, found "0x10"'],
    [{ limit: '' }, 'limit: expected a number, found ""'],
    [{ limit: '5000000' }, 'limit: expected a number of at most'],
    [{ estimate: 1 }, 'estimate: expected true or false, found 1'],
    [{ order: 'new' }, 'order: expected one of oldest, newest, found "new"'],
    [{ keys: [null] }, 'keys.0: expected a text, found null'],
    [{ stream: null }, 'stream: expected a text, found null'],
    [{ from: { at: 1 } }, 'from: expected a number, or a text, found {"at":1}'],
    [{ from: 1_795_881_600 }, 'Expected: epoch milliseconds: 1795881600000 is 2026-11-28T16:00:00Z'],
    [{ to: '1795881600' }, 'Expected: epoch milliseconds: 1795881600000 is 2026-11-28T16:00:00Z'],
  ])('%j', async (args, words) => {
    const { result } = await call('read_history', { stream: 'meters', ...args });
    expect(result?.isError).toBe(true);
    const text = await textOf('read_history', { stream: 'meters', ...args });
    expect(text).toEqual(words instanceof RegExp ? expect.stringMatching(words) : expect.stringContaining(words));
  });

  it.each([[7], [true], [[]]])('arguments that are %j are no request', async (args) => {
    expect((await call('strict', args)).error).toMatchObject({ code: -32_602, data: { field: 'params.arguments' } });
  });

  it('a missing argument is named', async () => {
    expect(await textOf('strict', {})).toBe(
      'Wrong arguments for strict:\nid: missing, expected a text\nCode: invalid_input.',
    );
  });
});
