/** The tools of mqtt-mcp and mcpMQTT by name, parameters and effect, at a real broker and through the official client. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectFromNode as connect } from '../../../src/hosts/node/socket.ts';
import { publish } from '../../feeds/mqtt/bursts.ts';
import { meanwhile, outletOf, real } from '../../feeds/mqtt/outlets.ts';
import { type Served, serveApp } from '../../mcp/served.ts';
import { requireService } from '../../services/available.ts';
import { type RunningMosquitto, startMosquitto } from '../../services/mosquitto.ts';
import { mqttApp } from './app.ts';

describe.skipIf(!requireService('mosquitto'))('what mqtt-mcp and mcpMQTT offer (needs mosquitto)', () => {
  let broker: RunningMosquitto;
  let served: Served;
  let client: Client;
  beforeAll(async () => {
    broker = await startMosquitto();
    served = await serveApp(mqttApp(`mqtt://127.0.0.1:${broker.port}`), { connect });
    client = new Client({ name: 't', version: '0' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
    await client.connect(new StreamableHTTPClientTransport(new URL(served.mcpUrl)));
  });
  afterAll(async () => {
    await client.close();
    await served.close();
    await broker.stop();
  });

  async function call(name: string, args: Record<string, unknown>) {
    const { content, structuredContent, isError = false } = await client.callTool({ name, arguments: args });
    return { text: (content as { text: string }[])[0]?.text, structured: structuredContent, isError };
  }

  const publishing = (topic: string, payload: string) => () => publish(broker.port, [{ topic, payload }]);

  test('their tools have their parameters', async () => {
    const { tools } = await client.listTools();
    const parameters = Object.fromEntries(
      tools.map(({ name, inputSchema }) => [name, Object.keys(inputSchema.properties ?? {})]),
    );
    expect(parameters).toMatchObject({
      receive_message: ['topic', 'host', 'port', 'timeout'],
      publish_message: ['topic', 'message', 'host', 'port'],
      mqtt_publish: ['topic', 'payload', 'qos'],
      mqtt_subscribe: ['topic', 'timeout', 'max_messages'],
      mqtt_read: ['response_topic', 'timeout'],
      mqtt_query: ['request_topic', 'response_topic', 'payload', 'timeout'],
    });
    const defaults = tools.map(({ name, inputSchema }) => {
      const { timeout } = (inputSchema.properties ?? {}) as { timeout?: { default: number } };
      return [name, timeout?.default];
    });
    expect(Object.fromEntries(defaults)).toMatchObject({
      receive_message: 60,
      mqtt_subscribe: 30,
      mqtt_read: 5,
      mqtt_query: 5,
    });
  });

  test('their resources and prompts are there', async () => {
    const { resourceTemplates } = await client.listResourceTemplates();
    expect(resourceTemplates.map(({ uriTemplate }) => uriTemplate)).toEqual(['mqtt://{host}:{port}/{+topic}']);
    const { resources } = await client.listResources();
    expect(resources.map(({ uri }) => uri)).toEqual(['mcpmqtt://topics/allowed', 'mcpmqtt://topics/examples']);
    const { prompts } = await client.listPrompts();
    expect(prompts.map(({ name }) => name)).toEqual(['mqtt_help', 'mqtt_error']);
    const { contents } = await client.readResource({ uri: 'mcpmqtt://topics/allowed' });
    const { topics } = JSON.parse((contents[0] as { text: string }).text) as { topics: object[] };
    expect(topics).toContainEqual(expect.objectContaining({ pattern: 'actuators/#', permissions: ['write'] }));
  });

  test('publish_message reaches receive_message', async () => {
    const listening = call('receive_message', { topic: 'devices/foo', timeout: 20, port: broker.port });
    const heard = await meanwhile(listening, async () => {
      const said = await call('publish_message', { topic: 'devices/foo', message: '{"foo":"bar"}', host: '127.0.0.1' });
      expect(said).toMatchObject({ isError: false, text: expect.stringMatching(/^devices\/foo: acknowledged/) });
    });
    expect(heard).toMatchObject({ isError: false, text: '{"foo":"bar"}' });
  });

  test('the template reads a message of a topic, whose levels stand as they are', async () => {
    const uri = `mqtt://127.0.0.1:${broker.port}/devices/a/b`;
    const { contents } = await meanwhile(client.readResource({ uri }), publishing('devices/a/b', 'hello'));
    expect(contents).toMatchObject([{ uri, text: 'hello' }]);
  });

  test('no other broker is reached than the declared one', async () => {
    for (const place of [{ host: '169.254.169.254' }, { port: 1 }]) {
      const said = await call('publish_message', { topic: 'devices/foo', message: 'x', ...place });
      expect(said).toMatchObject({ isError: true, text: expect.stringMatching(/another broker/) });
    }
    await expect(client.readResource({ uri: 'mqtt://10.0.0.1:1883/devices/a' })).rejects.toThrow(/another broker/);
  });

  test('mqtt_subscribe answers as many messages as asked for, of topics that may be read', async () => {
    const args = { topic: 'sensors/+/temperature', timeout: 20, max_messages: 3 };
    const { structured } = await meanwhile(
      call('mqtt_subscribe', args),
      publishing('sensors/kitchen/temperature', '21.50'),
    );
    expect(structured).toMatchObject({ topic: 'sensors/+/temperature', messages_received: 3 });
    const { messages } = structured as { messages: object[] };
    expect(messages[2]).toMatchObject({ topic: 'sensors/kitchen/temperature', payload: '21.50' });
    expect(await call('mqtt_subscribe', { topic: 'sensors/+/temperature', timeout: 0.2 })).toMatchObject({
      isError: false,
      structured: { messages_received: 0, messages: [] },
    });
  });

  test('mqtt_read answers what the broker kept, and says when nothing came', async () => {
    await publish(broker.port, [{ topic: 'status/system', payload: 'fine', retain: true }]);
    const read = await call('mqtt_read', { response_topic: 'status/system' });
    expect(read.structured).toEqual({ response_topic: 'status/system', success: true, response_payload: 'fine' });
    const nothing = await call('mqtt_read', { response_topic: 'commands/x/response', timeout: 0.2 });
    expect(nothing.structured).toMatchObject({ success: false, response_payload: null });
  });

  test('mqtt_query asks and hears the answer; without one it says so', async () => {
    const ask = {
      request_topic: 'commands/room1/request',
      response_topic: 'commands/room1/response',
      payload: 'get_status',
      timeout: 10,
    };
    const unanswered = await call('mqtt_query', ask);
    expect(unanswered.structured).toMatchObject({ success: false, error: expect.stringMatching(/no matching subscr/) });
    const room = outletOf({ url: `mqtt://127.0.0.1:${broker.port}`, topics: { read: ['#'] } });
    const asked = room.receive({ topic: 'commands/+/request', timeoutMs: 20_000 }, real());
    const answering = asked.then(() =>
      publish(broker.port, [{ topic: 'commands/room1/response', payload: 'all well' }]),
    );
    let answered = await call('mqtt_query', ask);
    // Until the room has subscribed nobody is there to answer.
    while ((answered.structured as { error?: string }).error?.includes('no matching')) {
      answered = await call('mqtt_query', ask);
    }
    await answering;
    const { request_topic, response_topic } = ask;
    const expected = { request_payload: 'get_status', response_payload: 'all well', success: true };
    expect(answered.structured).toEqual({ request_topic, response_topic, ...expected });
    expect((await asked).messages).toMatchObject([{ topic: request_topic, text: 'get_status' }]);
  });

  test.each([
    ['mqtt_publish', { topic: 'sensors/a/temperature', payload: '1' }, 'topic'],
    ['mqtt_publish', { topic: 'actuators/#', payload: '1' }, 'topic'],
    ['mqtt_publish', { topic: 'other', payload: '1' }, 'topic'],
    ['mqtt_subscribe', { topic: 'actuators/#' }, 'topic'],
    ['mqtt_subscribe', { topic: '#' }, 'topic'],
    ['mqtt_read', { response_topic: 'commands/a/request' }, 'topic'],
    ['mqtt_query', { request_topic: 'status/system', response_topic: 'status/system', payload: '' }, 'topic'],
    [
      'mqtt_query',
      { request_topic: 'commands/a/request', response_topic: 'actuators/a', payload: '' },
      'responseTopic',
    ],
  ])('%s keeps to the rights: %j', async (name, args, field) => {
    const said = await call(name, args);
    expect(said).toMatchObject({ isError: true, text: expect.stringContaining(`Argument: ${field}.`) });
  });

  test('mqtt_publish at QoS 0 and 1', async () => {
    expect(await call('mqtt_publish', { topic: 'actuators/lights/on', payload: '' })).toMatchObject({
      isError: false,
      text: 'actuators/lights/on: sent',
    });
    expect((await call('mqtt_publish', { topic: 'actuators/a', payload: 'x', qos: 1 })).text).toMatch(/acknowledged/);
  });
});
