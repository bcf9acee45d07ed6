/** Every tool that comes with the package, and every tool of the examples, within what each known client takes. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import * as z from 'zod';
import type { App } from '../../../src/declare/app.ts';
import type { JsonObject } from '../../../src/base/json.ts';
import { objectSchema } from '../../../src/base/schema/json-schema.ts';
import { defineApp, mqtt, pull, stream, task, tool } from '../../../src/index.ts';
import { CLIENT_SUBSETS, unportable } from '../../../src/mcp/registry/client-subsets.ts';
import { composed, listedTools } from '../../tools/listed.ts';

const FOLDER = join(import.meta.dirname, '../../examples');
const EXAMPLES = readdirSync(FOLDER).filter((name) => existsSync(join(FOLDER, name, 'app.ts')));
/** What examples declare themselves in a form that some client does not take, and are told at their start. */
const OWN: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'iot-edge': {
    publish: 'OpenAI (strict), Gemini',
    get_sensor_history: 'Gemini',
    execute_actuator_command: 'OpenAI (strict), Gemini, Amazon Bedrock',
  },
  mqtt: {
    mqtt_publish: 'Gemini',
    mqtt_query: 'Gemini',
    mqtt_read: 'Gemini',
    mqtt_subscribe: 'Gemini',
    receive_message: 'Gemini',
  },
  // Their topics declare no schema.
  pumps: { publish: 'OpenAI (strict), Gemini', request: 'OpenAI (strict), Gemini' },
  // Dates.
  reports: { report: 'Gemini' },
  statements: {
    get_crypto_prices: 'Gemini',
    get_historical_crypto_prices: 'Gemini',
    get_historical_stock_prices: 'Gemini',
  },
  quotes: { get_technical_indicator: 'OpenAI (strict), Gemini' },
};

const everything = defineApp({
  name: 'everything',
  version: '1',
  description: 'Whatever makes a built-in tool appear',
  feeds: {
    broker: mqtt({
      url: 'mqtt://broker.example',
      topics: {
        read: ['answers/+'],
        publish: [
          { topic: 'valves/+/set', schema: z.object({ percent: z.int() }), response: { topic: 'answers/{id}' } },
          { topic: 'lamps/+', schema: z.object({ on: z.boolean(), percent: z.number().optional() }), retain: true },
          { topic: 'notes', payload: 'text' },
        ],
      },
    }),
  },
  streams: {
    events: stream({
      description: 'Events',
      schema: z.object({ a: z.number() }),
      feed: pull({ pull: async () => ({ items: [] }) }),
    }),
  },
  tasks: { slow: task({ description: 'Slow', version: '1', run: async () => 'done' }) },
});

const told = (app: App) =>
  listedTools(app).flatMap((listing) =>
    unportable(listing).map(({ client, path, expected }) => `${client}: ${listing.name}.${path}: ${expected}`),
  );

test('the tools that come with the package', () => {
  const names = listedTools(everything).map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['wait_for', 'publish', 'request', 'answer_task', 'read_result']));
  expect(told(everything)).toEqual([]);
});

test.each(EXAMPLES)('the tools of the example %s', async (name) => {
  const { default: app } = (await import(join(FOLDER, name, 'app.ts'))) as { default: App };
  const found = listedTools(app).map((listing) => [
    listing.name,
    [...new Set(unportable(listing).map(({ client }) => client))].join(', '),
  ]);
  expect(Object.fromEntries(found.filter(([, clients]) => clients !== ''))).toEqual(OWN[name] ?? {});
});

const RECURSIVE: z.ZodType = z.lazy(() => z.object({ inner: RECURSIVE.optional() }));

test.each<[string, string, z.ZodType | JsonObject]>([
  ['OpenAI (strict)', 'inputSchema.properties.it', z.record(z.string(), z.number())],
  ['OpenAI (strict)', 'inputSchema.properties.it', z.unknown()],
  ['OpenAI (strict)', 'inputSchema.properties.it', { type: 'array', items: { type: 'string' }, uniqueItems: true }],
  ['Gemini', 'inputSchema.properties.it', z.number().positive()],
  ['Gemini', 'inputSchema.properties.it', z.literal([1, 2])],
  ['Gemini', 'inputSchema.properties.it', { type: ['string', 'null'] }],
  ['Gemini', 'inputSchema.properties.it', { type: 'array' }],
  ['Gemini', 'inputSchema.properties.it', z.enum(['a', ''])],
  ...['email', 'uuid', 'uri', 'ipv4', 'date'].map((format): [string, string, JsonObject] => [
    'Gemini',
    'inputSchema.properties.it',
    { type: 'string', format },
  ]),
  ['OpenAI (strict)', 'inputSchema.properties.it', z.url()],
  ['OpenAI (strict)', 'inputSchema.properties.it', z.string().regex(/a(?=b)/)],
  ['OpenAI (strict)', 'inputSchema.properties.it', z.string().regex(/(?<!a)b/)],
  ['OpenAI (strict)', 'inputSchema.properties.it', z.enum(Array.from({ length: 1_200 }, (_, at) => `v${at}`))],
  ['Amazon Bedrock', 'inputSchema', RECURSIVE],
  ['LangChain', 'inputSchema.properties.it', z.union([z.object({ a: z.string() }), z.object({ b: z.string() })])],
  ['MCP Inspector', 'inputSchema.properties.it', { type: ['string', 'null'] }],
  ['MCP Inspector', 'inputSchema.properties.it', { $ref: 'https://example.org/schema' }],
])('%s does not take %s as %j', (client, path, it) => {
  const inputSchema =
    it instanceof Object && 'safeParse' in it
      ? objectSchema(z.object({ it: it as z.ZodType }), 'input', 'here')
      : { type: 'object', properties: { it } };
  const found = unportable({ inputSchema });
  expect(found).toContainEqual({ client, path, expected: expect.any(String) });
});

test.each(['a b', '$x', 'ü', 'filter[id]', 'x'.repeat(65), ''])(
  'Anthropic does not take a field that is named "%s"',
  (name) => {
    const found = unportable({ inputSchema: { type: 'object', properties: { [name]: { type: 'string' } } } });
    expect(found).toEqual([{ client: 'Anthropic', path: 'inputSchema', expected: expect.stringContaining('1 to 64') }]);
  },
);

test.each<[string, JsonObject]>([
  ['a name of 64 characters', { ['x'.repeat(64)]: { type: 'string' }, 'a.b-c_D9': { type: 'string' } }],
  ['a format that all know', { at: { type: 'string', format: 'date-time' } }],
  ['a group in a pattern', { at: { type: 'string', pattern: '^(?:a|b)+$' } }],
])('all take %s', (_what, properties) => {
  expect(unportable({ inputSchema: { type: 'object', properties } })).toEqual([]);
});

test('the start tells of a tool of the app, with the client and the place', () => {
  const logged: unknown[][] = [];
  const wide = tool({
    description: 'd',
    input: z.object({ by: z.record(z.string(), z.number()) }),
    run: async () => 'x',
  });
  const app = defineApp({ name: 'wide', version: '1', description: 'd', tools: { wide } });
  composed(app, undefined, (...line) => void logged.push(line));
  expect(logged.map(([level, , fields]) => [level, fields])).toEqual(
    ['OpenAI (strict)', 'Gemini'].map((client) => [
      'warn',
      { tool: 'wide', client, places: [expect.stringContaining('inputSchema.properties.by: expected')] },
    ]),
  );
});

test('each subset says where it is documented', () => {
  for (const { source, rules } of CLIENT_SUBSETS) expect([source.length > 20, rules.length > 0]).toEqual([true, true]);
});

test.each([
  [100, []],
  [101, [['warn', { tools: 101, page: 100 }]]],
])('the start says that %i tools are more than some clients list, where they are', (count, told) => {
  const logged: unknown[][] = [];
  const one = tool({ description: 'd', run: async () => 'x' });
  const appOf = (own: number) =>
    defineApp({
      name: 'many',
      version: '1',
      description: 'd',
      tools: Object.fromEntries(Array.from({ length: own }, (_, n) => [`t${n}`, one])),
    });
  const builtIn = composed(appOf(1)).tools.size - 1;
  composed(appOf(count - builtIn), undefined, (...line) => void logged.push(line));
  expect(logged.map(([level, , fields]) => [level, fields])).toEqual(told);
});

test('the start says how many places it leaves out', () => {
  const logged: unknown[][] = [];
  const names = ['a', 'b', 'c', 'd', 'e'];
  const input = z.object(Object.fromEntries(names.map((name) => [name, z.url()])));
  const many = tool({ description: 'd', input, run: async () => 'x' });
  const app = defineApp({ name: 'many', version: '1', description: 'd', tools: { many } });
  composed(app, undefined, (...line) => void logged.push(line));
  const places = logged.map(([, , fields]) => (fields as { places: string[] }).places);
  expect(places.map((each) => [each.length, each.at(-1)])).toEqual([
    [4, 'and 2 more'],
    [4, 'and 2 more'],
  ]);
});
