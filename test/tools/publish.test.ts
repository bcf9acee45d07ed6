/** `publish` and `request` at the endpoint: what models see of them, whom they ask, and what is put on record. */
import { Client, type ElicitResult, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import type { IPublishPacket } from 'mqtt-packet';
import { afterEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { type AppOptions, defineApp, mqtt, type MqttTopics, publishAudit, stream, tool } from '../../src/index.ts';
import { ingest } from '../../src/schedule.ts';
import type { JsonObject } from '../../src/base/json.ts';
import { systemRuntime } from '../../src/base/runtime.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { politeBroker, type ScriptedBroker } from '../feeds/mqtt/script.ts';
import { type ServeOptions, type Served, serveApp } from '../mcp/served.ts';

const Tree: z.ZodType = z.object({
  name: z.string(),
  get children() {
    return z.array(Tree);
  },
});

const TOPICS: MqttTopics = {
  read: ['plant/#', 'r/+'],
  publish: [
    {
      topic: 'plant/valves/+/set',
      description: 'Moves a valve',
      schema: z.object({ percent: z.int().min(0).max(100).meta({ unit: '%' }) }).describe('How far'),
      confirm: 'Move this valve?',
      response: { topic: 'r/{id}' },
    },
    { topic: 'plant/trees', schema: Tree },
    { topic: 'plant/notes/+', payload: 'text', retain: true },
    { topic: 'plant/pump', confirm: { otherwise: 'refuse' } },
  ],
  audit: 'published',
};
const AUDIT = { published: publishAudit() };

let served: Served;
let broker = acknowledging();
afterEach(async () => {
  await served.close();
  broker = acknowledging();
});

const published = () => broker.packets.filter(({ cmd }) => cmd === 'publish') as IPublishPacket[];

/** A broker that acknowledges with this code, and answers where it is asked to. */
function acknowledging(reasonCode = 0): ScriptedBroker {
  return politeBroker({
    otherwise(packet, connection) {
      if (packet.cmd !== 'publish') return;
      connection.send({ cmd: 'puback', messageId: packet.messageId ?? 0, reasonCode });
      const topic = packet.properties?.responseTopic;
      if (topic) {
        connection.send({ cmd: 'publish', topic, payload: '{"moved":true}', qos: 0, dup: false, retain: false });
      }
    },
  });
}

async function serve(topics: MqttTopics = TOPICS, more: Partial<AppOptions> = {}, options: ServeOptions = {}) {
  const app = defineApp({
    name: 'plant',
    version: '1',
    description: 'A plant',
    feeds: { broker: mqtt({ url: 'mqtt://broker.example', topics }) },
    streams: AUDIT,
    ...more,
  });
  served = await serveApp(app, { builtIns: true, connect: (...given) => broker.connect(...given), ...options });
}

async function asked<Result>(
  answer: ElicitResult | null,
  use: (client: Client, questions: string[]) => Promise<Result>,
  pin = '2026-07-28' as const,
): Promise<Result> {
  const capabilities = answer === null ? {} : { elicitation: {} };
  const client = new Client({ name: 't', version: '0' }, { versionNegotiation: { mode: { pin } }, capabilities });
  const questions: string[] = [];
  if (answer !== null) {
    client.setRequestHandler('elicitation/create', ({ params }) => {
      questions.push(params.message);
      return answer;
    });
  }
  await client.connect(new StreamableHTTPClientTransport(new URL(served.mcpUrl)));
  try {
    return await use(client, questions);
  } finally {
    await client.close();
  }
}

const call = (name: string, args: object, answer: ElicitResult | null = null) =>
  asked(answer, async (client, questions) => {
    const result = await client.callTool({ name, arguments: { ...args } });
    return { ...result, questions, structured: result.structuredContent as JsonObject | undefined };
  });
const records = async () => {
  const { structured } = await call('read_history', { stream: 'published' });
  const { events } = structured as { events: { data: JsonObject }[] };
  return events.map(({ data }) => data);
};
const accepting = (keys: readonly string[]) =>
  Object.fromEntries(keys.map((key) => [key, { action: 'accept', content: {} }]));
const text = ({ content }: { content: unknown }) => (content as { text: string }[])[0]?.text;

const listed = () => asked(null, async (client) => (await client.listTools()).tools);

const schemaOf = async (name: string) =>
  (await listed()).find((each) => each.name === name)?.inputSchema as {
    properties: Record<string, JsonObject>;
    required: string[];
  };

describe('what models see', () => {
  test('the topics, and the JSON Schema of what each takes', async () => {
    await serve();
    const tools = await listed();
    const publish = tools.find(({ name }) => name === 'publish');
    expect(publish?.description).toContain(
      '- plant/valves/+/set (a person is asked each time; answers on r/{id}): Moves a valve',
    );
    expect(publish?.description).toContain('- plant/notes/+ (may be retained)');
    expect(publish?.annotations).toMatchObject({ readOnlyHint: false, destructiveHint: true, idempotentHint: false });
    const { properties, required } = await schemaOf('publish');
    expect(required).toEqual(['topic', 'payload']);
    expect(Object.keys(properties)).toEqual([
      'topic',
      'payload',
      'qos',
      'contentType',
      'expirySeconds',
      'userProperties',
      'retain',
    ]);
    expect(properties['payload']?.['description']).toContain('To plant/valves/+/set: percent. How far');
    expect(properties['payload']?.['description']).toContain('To plant/notes/+: string.');
    // A topic takes anything.
    expect(Object.keys(properties['payload'] ?? {})).toEqual(['description', 'anyOf']);
    // mcp-use, and others that turn the schema into one of zod, refuse names that an object does not tell.
    expect(properties['payload']).toMatchObject({
      anyOf: [{ type: 'object', additionalProperties: true }, {}, {}, {}, {}, {}],
    });
  });

  test('request shows those topics alone that have answers, and the only schema as it is', async () => {
    await serve();
    const { properties } = await schemaOf('request');
    expect(properties['payload']).toMatchObject({
      type: 'object',
      description: 'To plant/valves/+/set: percent. How far',
    });
    expect(properties).not.toHaveProperty('retain');
  });

  test('none of it where nothing may be published', async () => {
    await serve({ read: ['#'] });
    const names = (await listed()).map(({ name }) => name);
    expect(names).toContain('read_latest');
    expect(names).not.toContain('publish');
    expect(names).not.toContain('request');
  });

  test('and in an app without streams, publish alone', async () => {
    await serve({ publish: ['a'] }, { streams: {} });
    expect((await listed()).map(({ name }) => name)).toEqual(['publish']);
  });

  test('very many topics are bounded', async () => {
    const publish = Array.from({ length: 50 }, (_, n) => ({
      topic: `plant/${n}/${'x'.repeat(60)}`,
      description: 'y'.repeat(150),
      schema: z.object({ value: z.string().describe('z'.repeat(1_000)) }),
    }));
    await serve({ publish });
    const [publishTool] = (await listed()).filter(({ name }) => name === 'publish');
    expect(publishTool?.description?.length).toBeLessThan(4_400);
    expect(JSON.stringify(publishTool?.inputSchema).length).toBeLessThan(28_000);
  });
});

describe('publishing', () => {
  test('answers what became of it, and puts it on record without the payload', async () => {
    await serve();
    const result = await call('publish', { topic: 'plant/notes/a', payload: 'a secret', retain: true });
    expect(result.isError).toBeFalsy();
    expect(result.structured).toEqual({
      feed: 'broker',
      status: 'acknowledged',
      reason: null,
      unheard: null,
      topic: 'plant/notes/a',
      qos: 1,
      retained: true,
      bytes: 8,
    });
    expect(published()[0]).toMatchObject({ topic: 'plant/notes/a', payload: Buffer.from('a secret'), retain: true });
    const record = { subject: 'public', action: 'publish', feed: 'broker', topic: 'plant/notes/a', bytes: 8 };
    expect(await records()).toEqual([
      { ...record, client: null, qos: 1, retained: true, outcome: 'acknowledged', reason: null },
    ]);
    const logged = served.logged.find(({ message }) => message === 'published');
    expect(logged).toMatchObject({ level: 'info', fields: { ...record, outcome: 'acknowledged', tenant: 'public' } });
    expect(JSON.stringify([await records(), served.logged])).not.toContain('a secret');
  });

  test.each([
    [0x10, false, /nobody is subscribed/],
    [0x87, true, /refused .*not authorised.*not published/],
  ])('what the broker says is said: 0x%s', async (code, isError, words) => {
    broker = acknowledging(code);
    await serve();
    const result = await call('publish', { topic: 'plant/notes/a', payload: 'x' });
    expect(Boolean(result.isError)).toBe(isError);
    expect(text(result)).toMatch(words);
  });

  test('an outcome that is not known is told as such, and sent once', async () => {
    broker = politeBroker({ otherwise: (packet, connection) => packet.cmd === 'publish' && connection.end() });
    await serve();
    const result = await call('publish', { topic: 'plant/notes/a', payload: 'x' });
    expect(result.isError).toBe(true);
    expect(text(result)).toMatch(/UNKNOWN/);
    expect(result.structured).toMatchObject({ status: 'unknown' });
    expect(published()).toHaveLength(1);
    expect(await records()).toMatchObject([{ outcome: 'unknown' }]);
  });

  test('a broker that is away: nothing was sent, and that is on record too', async () => {
    await serve(TOPICS, {}, { connect: () => Promise.reject(new Error('ECONNREFUSED')) });
    const result = await call('publish', { topic: 'plant/notes/a', payload: 'x' });
    expect(result.isError).toBe(true);
    expect(text(result)).toMatch(/^Nothing was sent: /);
    expect(await records()).toMatchObject([{ outcome: 'failed' }]);
  });

  test.each([
    [{ topic: 'other/a', payload: 1 }, /Argument: topic\./],
    [{ topic: 'plant/notes/+', payload: 'x' }, /Argument: topic\.\nExpected: one topic, without the wildcards/],
    [{ topic: 'plant/valves/1/set', payload: { percent: 200 } }, /Argument: payload\.percent\./],
    [{ topic: 'plant/trees', payload: { name: 'a', children: [] }, retain: true }, /Argument: retain\./],
    [{ topic: 'plant/notes/a' }, /Argument: payload\.|payload/],
    [{ topic: 'plant/notes/a', payload: 'x', qos: 2 }, /qos/],
    [{ topic: 'plant/notes/a', payload: 'x', feed: 'broker' }, /feed/],
  ])('what is not allowed is refused with its field: %j', async (args, words) => {
    await serve();
    const result = await call('publish', args, { action: 'accept', content: {} });
    expect(result.isError).toBe(true);
    expect(text(result)).toMatch(words);
    expect(result.questions).toEqual([]);
    expect(broker.connections).toBe(0);
  });

  test('a record that cannot be kept is in the log, and the outcome is told all the same', async () => {
    const memory = createMemoryStore({});
    const store = { ...memory, commit: () => Promise.reject(new Error('the disk is full')) };
    await serve(TOPICS, {}, { store });
    const result = await call('publish', { topic: 'plant/notes/a', payload: 'x' });
    expect(result.structured).toMatchObject({ status: 'acknowledged' });
    expect(served.logged).toContainEqual(
      expect.objectContaining({ level: 'error', message: 'a publication could not be put on record' }),
    );
  });

  test('with two feeds the topic needs its feed', async () => {
    const other = mqtt({ url: 'mqtt://other.example', topics: { publish: ['x/+'] } });
    const first = mqtt({ url: 'mqtt://broker.example', topics: { publish: ['a'] } });
    await serve(TOPICS, { feeds: { first, other } });
    expect(text(await call('publish', { topic: 'x/1', payload: 1 }))).toMatch(/feed/);
    const result = await call('publish', { topic: 'x/1', payload: 1, feed: 'other' });
    expect(result.structured).toMatchObject({ feed: 'other', status: 'acknowledged' });
  });
});

describe('asking a person', () => {
  const move = { topic: 'plant/valves/7/set', payload: { percent: 40 } };

  test('shows topic and payload, and sends when they agree, once', async () => {
    await serve();
    const result = await call('publish', move, { action: 'accept', content: {} });
    expect(result.questions).toEqual(['Move this valve?\nTopic: plant/valves/7/set (broker)\nPayload: {"percent":40}']);
    expect(result.structured).toMatchObject({ status: 'acknowledged' });
    expect(published()).toHaveLength(1);
  });

  test.each(['decline', 'cancel'] as const)('sends nothing where they %s', async (action) => {
    await serve();
    const result = await call('publish', move, { action });
    expect(result.isError).toBeFalsy();
    expect(result.structured).toMatchObject({ status: 'declined' });
    expect(broker.connections).toBe(0);
    expect(await records()).toMatchObject([{ outcome: 'declined', topic: 'plant/valves/7/set' }]);
  });

  test('a client that cannot be asked gets -32021', async () => {
    await serve();
    const response = await served.call('tools/call', { name: 'publish', arguments: move });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: { code: -32_021, data: { requiredCapabilities: { elicitation: {} } } },
    });
    expect(broker.connections).toBe(0);
  });

  test('or is refused, where that is declared', async () => {
    await serve();
    const result = await call('publish', { topic: 'plant/pump', payload: 1 });
    expect(result.isError).toBe(true);
    expect(text(result)).toMatch(/^Nothing was sent: a person has to agree/);
    const agreed = await call('publish', { topic: 'plant/pump', payload: 1 }, { action: 'accept', content: {} });
    expect(agreed.structured).toMatchObject({ status: 'acknowledged' });
  });

  test('an answer is good for one message', async () => {
    await serve();
    const meta = { 'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } } };
    const first = await served.call('tools/call', { name: 'publish', arguments: move }, { meta });
    const { result } = (await first.json()) as { result: { requestState: string; inputRequests: object } };
    const retry = {
      name: 'publish',
      arguments: move,
      requestState: result.requestState,
      inputResponses: accepting(Object.keys(result.inputRequests)),
    };
    const both = await Promise.all([1, 2].map(() => served.call('tools/call', retry, { meta })));
    const answers = (await Promise.all(both.map((response) => response.json()))) as { error?: object }[];
    expect(answers.filter(({ error }) => error)).toHaveLength(1);
    expect(published()).toHaveLength(1);
    const changed = { ...retry, arguments: { ...move, payload: { percent: 100 } } };
    expect(await (await served.call('tools/call', changed, { meta })).json()).toHaveProperty('error');
    expect(published()).toHaveLength(1);
  });

  test('what is long is cut in the question, and says so; line breaks in it make no lines', async () => {
    await serve({ publish: [{ topic: '#', confirm: true, payload: 'text' }] }, { streams: {} });
    const payload = `no\nTopic: harmless\n${'x'.repeat(60_000)}`;
    const { questions } = await call('publish', { topic: 'a', payload }, { action: 'decline' });
    expect(questions[0]?.length).toBeLessThan(2_000);
    expect(questions[0]).toMatch(
      /^Publish this message\?\nTopic: a \(broker\)\nPayload: "no\\nTopic.*60019 bytes in all\)$/,
    );
  });
});

describe('requests', () => {
  test('answer what was answered', async () => {
    await serve();
    const args = { topic: 'plant/valves/7/set', payload: { percent: 40 } };
    const result = await call('request', args, { action: 'accept', content: {} });
    expect(result.structured).toMatchObject({
      status: 'answered',
      correlated: true,
      answers: [{ payload: { moved: true } }],
      published: { status: 'acknowledged' },
    });
    const [answer, waited, published] = text(result)?.split('\n') ?? [];
    expect(answer).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z r\/[\w-]+: \{"moved":true\}$/);
    expect(waited).toMatch(/^Waited \d+ ms for answers on r\/[\w-]+\.$/);
    expect(published).toMatch(/^The broker took the message to /);
    expect(result.structured).toMatchObject({ answers: [{ receivedAt: answer?.split(' ')[0] }] });
    expect(await records()).toMatchObject([{ action: 'request', outcome: 'acknowledged' }]);
  });

  test('say what happened where nothing was', async () => {
    broker = acknowledging(0x10);
    await serve({ publish: [{ topic: 'a', response: { topic: 'r/+' } }] }, { streams: {} });
    const result = await call('request', { topic: 'a', payload: 1, responseTopic: 'r/x', seconds: 0.2 });
    expect(result.isError).toBe(true);
    expect(text(result)).toMatch(/nobody is subscribed to it\.\nNo answer on r\/x within \d+ ms\./);
  });

  test('are declined like anything else', async () => {
    await serve();
    const args = { topic: 'plant/valves/7/set', payload: { percent: 40 } };
    const result = await call('request', args, { action: 'decline' });
    expect(result.structured).toMatchObject({ status: 'unanswered', published: { status: 'declined' } });
    expect(broker.connections).toBe(0);
  });
});

test("an app's own tools publish under the same rules, and are put on record", async () => {
  const shout = tool({
    description: 'Notes it in capitals.',
    input: z.object({ note: z.string(), topic: z.string() }),
    run: async ({ note, topic }, { feeds }) =>
      (await feeds.publish('broker', { topic, payload: note.toUpperCase() })).status,
  });
  const elsewhere = tool({
    description: 'Publishes where nothing is.',
    run: async (_input, { feeds }) => (await feeds.publish('nowhere', { topic: 'a', payload: 1 })).status,
  });
  await serve(TOPICS, { tools: { shout, elsewhere } });
  expect(text(await call('shout', { note: 'hi', topic: 'plant/notes/a' }))).toBe('acknowledged');
  expect(published()[0]?.payload).toEqual(Buffer.from('HI'));
  expect(text(await call('shout', { note: 'hi', topic: 'no/such' }))).toMatch(/Argument: topic\./);
  expect(text(await call('elsewhere', {}))).toMatch(
    /Argument: feed\.\nExpected: one of the feeds that declare topics: broker\./,
  );
  expect(await records()).toHaveLength(1);
});

describe('two messages that are to be confirmed', () => {
  const topics = ['plant/valves/1/set', 'plant/valves/2/set'].map((topic) => ({ topic, payload: { percent: 1 } }));
  const together = tool({
    description: 'Moves two valves at once.',
    run: async (_input, { feeds }) => {
      const all = await Promise.all(topics.map((message) => feeds.publish('broker', message)));
      return all.map(({ status }) => status).join(' ');
    },
  });
  const inTurn = tool({
    description: 'Moves two valves in turn.',
    run: async (_input, { feeds }) => {
      for (const message of topics) await feeds.publish('broker', message);
      return 'done';
    },
  });

  test('are asked for and sent together, each once', async () => {
    await serve(TOPICS, { tools: { together } });
    const result = await call('together', {}, { action: 'accept', content: {} });
    expect(text(result)).toBe('acknowledged acknowledged');
    expect(result.questions).toHaveLength(2);
    expect(published().map(({ topic }) => topic)).toEqual(topics.map(({ topic }) => topic));
  });

  test('and one that needs no confirmation waits for them, since it would be sent again', async () => {
    const note = { topic: 'plant/notes/a', payload: 'x' };
    const mixed = tool({
      description: 'Notes that it moves two valves, and moves them.',
      run: async (_input, { feeds }) => {
        const all = await Promise.all([note, ...topics].map((message) => feeds.publish('broker', message)));
        return all.map(({ status }) => status).join(' ');
      },
    });
    await serve(TOPICS, { tools: { mixed } });
    const result = await call('mixed', {}, { action: 'accept', content: {} });
    expect(text(result)).toBe('acknowledged acknowledged acknowledged');
    expect(
      published()
        .map(({ topic }) => topic)
        .toSorted(),
    ).toEqual([note, ...topics].map(({ topic }) => topic));
  });

  test('of which one was answered wait for the other, each sent once', async () => {
    await serve(TOPICS, { tools: { together } });
    const meta = { 'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } } };
    type Asked = { requestState: string; inputRequests: object };
    const step = async (more: object) => {
      const response = await served.call('tools/call', { name: 'together', arguments: {}, ...more }, { meta });
      return ((await response.json()) as { result: Asked & { content: unknown } }).result;
    };
    const { requestState, inputRequests } = await step({});
    const [one = '', two = ''] = Object.keys(inputRequests);
    const second = await step({ requestState, inputResponses: accepting([one]) });
    expect([Object.keys(second.inputRequests), published()]).toEqual([[two], []]);
    const last = await step({ requestState: second.requestState, inputResponses: accepting([two]) });
    expect(text(last)).toBe('acknowledged acknowledged');
    expect(published()).toHaveLength(2);
  });

  test('are refused in turn, since the first would be sent again', async () => {
    await serve(TOPICS, { tools: { inTurn } });
    const result = await call('inTurn', {}, { action: 'accept', content: {} });
    expect(result.isError).toBe(true);
    expect(published()).toHaveLength(1);
    expect(served.logged).toContainEqual(
      expect.objectContaining({ message: expect.stringMatching(/comes after one/) }),
    );
  });
});

test('what a person agreed to is one message: another in its place is asked for anew', async () => {
  const percents = [10, 20, 20];
  const drift = tool({
    description: 'Moves a valve to where it should be by now.',
    run: async (_input, { feeds }) => {
      const payload = { percent: percents.shift() ?? 0 };
      return (await feeds.publish('broker', { topic: 'plant/valves/1/set', payload })).status;
    },
  });
  await serve(TOPICS, { tools: { drift } });
  const result = await call('drift', {}, { action: 'accept', content: {} });
  expect(text(result)).toBe('acknowledged');
  expect(result.questions.map((question) => question.split('\n').at(-1))).toEqual([
    'Payload: {"percent":10}',
    'Payload: {"percent":20}',
  ]);
  expect(published().map(({ payload }) => String(payload))).toEqual(['{"percent":20}']);
});

test('a feed that is only published to is not pulled', async () => {
  await serve();
  const feed = mqtt({ url: 'mqtt://broker.example', topics: { publish: ['a'] } });
  const app = defineApp({
    name: 'p',
    version: '1',
    description: 'x',
    feeds: { feed },
    streams: { s: stream({ description: 'x', schema: z.object({}) }) },
  });
  const runtime = { ...systemRuntime(() => {}), connect: broker.connect };
  const report = await ingest({ app, store: createMemoryStore({}), runtime }, Date.now() + 5_000);
  expect(report).toMatchObject({ feeds: [], nextAt: null });
  expect(broker.connections).toBe(0);
});
