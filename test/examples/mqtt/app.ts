/**
 * What ezhuk/mqtt-mcp and tspspi/mcpMQTT offer, declared: their tools by name and parameters, with rights of reading and
 * writing by topic pattern. One broker, which the operator names: `host` and `port` may say which, but not another, and
 * there is no `username` or `password`, since an agent that chooses where a server connects, and with what, is a hole.
 */
import * as z from 'zod';
import {
  type AppFeeds,
  defineApp,
  mqtt,
  type MqttOutlet,
  prompt,
  resource,
  TidegateError,
  tool,
  secret,
  type Secret,
} from 'tidegate';

const TOPICS: readonly { pattern: string; permissions: ('read' | 'write')[]; description: string }[] = [
  { pattern: 'sensors/+/temperature', permissions: ['read'], description: 'Temperature of each room, in °C' },
  { pattern: 'actuators/#', permissions: ['write'], description: 'Lights and valves; what they take is theirs' },
  { pattern: 'status/system', permissions: ['read'], description: 'How the system is' },
  { pattern: 'commands/+/request', permissions: ['write'], description: 'What a room is asked' },
  { pattern: 'commands/+/response', permissions: ['read'], description: 'What it answers' },
  { pattern: 'devices/#', permissions: ['read', 'write'], description: 'Whatever devices say and are told' },
];
const EXAMPLES = TOPICS.map(({ pattern }) => ({ pattern, example: pattern.replace('+', 'room1').replace('#', 'a/b') }));
const having = (permission: 'read' | 'write') => TOPICS.filter(({ permissions }) => permissions.includes(permission));
const seconds = (fallback: number, most = 60) => z.number().positive().max(most).default(fallback);
const Count = z.int().min(1).max(1_000).default(1);
const READS = { readOnlyHint: true, openWorldHint: true };
const Place = { host: z.string().optional(), port: z.int().optional() };
const Query = { request_topic: z.string(), response_topic: z.string(), payload: z.string() };

function told(what: string, value: object) {
  const read = async () => JSON.stringify(value);
  return resource({ uri: `mcpmqtt://topics/${what}`, mimeType: 'application/json', read });
}

async function publish(feeds: AppFeeds, topic: string, payload: string, qos: 0 | 1) {
  const { status, reason, unheard } = await feeds.publish('broker', { topic, payload, qos });
  const why = unheard || reason === null ? '' : ` (${reason})`;
  const text = `${topic}: ${status}${why}${unheard ? ', but nobody is subscribed' : ''}`;
  return { text, isError: status !== 'acknowledged' && status !== 'sent' };
}

async function receive(feeds: AppFeeds, topic: string, timeout: number) {
  const { messages } = await feeds.receive('broker', { topic, timeoutMs: timeout * 1_000 });
  return messages[0]?.text ?? null;
}

/** @param sent what the feed dials; of `url` the tools show no more than host and port. */
export function mqttApp(url: string, sent: string | Secret = url) {
  const { hostname, port: given } = new URL(url);
  const broker = { host: hostname, port: Number(given || 1883) };

  function checkBroker({ host = broker.host, port = broker.port }: { host?: string; port?: number }): void {
    if (host === broker.host && port === broker.port) return;
    throw new TidegateError('invalid_input', `That is another broker than ${broker.host}:${broker.port}`, {
      field: 'host',
    });
  }

  return defineApp({
    name: 'mqtt',
    version: '1.0.0',
    description: 'An MQTT broker, within the rights that its operator gave',
    feeds: {
      broker: mqtt({
        url: sent,
        payload: 'text',
        topics: {
          read: having('read').map(({ pattern }) => pattern),
          publish: having('write').map(({ pattern }) => ({ topic: pattern, response: { correlation: false } })),
        },
      }),
    },
    tools: {
      receive_message: tool({
        description: 'Receives the next message that is published to a topic.',
        input: z.object({ topic: z.string(), ...Place, timeout: seconds(60) }),
        annotations: { title: 'Receive Message', ...READS },
        async run({ topic, timeout, ...place }, { feeds }) {
          checkBroker(place);
          const text = await receive(feeds, topic, timeout);
          return text === null ? { text: `Nothing came to ${topic} within ${timeout} s.`, isError: true } : text;
        },
      }),
      publish_message: tool({
        description: 'Publishes a message to a topic.',
        input: z.object({ topic: z.string(), message: z.string(), ...Place }),
        annotations: { title: 'Publish Message', readOnlyHint: false, openWorldHint: true },
        async run({ topic, message, ...place }, { feeds }) {
          checkBroker(place);
          return publish(feeds, topic, message, 1);
        },
      }),
      mqtt_publish: tool({
        description: 'Publishes a message to a topic that may be written.',
        input: z.object({ topic: z.string(), payload: z.string(), qos: z.literal([0, 1]).default(0) }),
        run: ({ topic, payload, qos }, { feeds }) => publish(feeds, topic, payload, qos),
      }),
      mqtt_subscribe: tool({
        description: 'Listens to topics that may be read, until there are enough messages or the time is over.',
        input: z.object({ topic: z.string(), timeout: seconds(30), max_messages: Count }),
        annotations: READS,
        async run({ topic, timeout, max_messages }, { feeds }) {
          const wanted = { topic, messages: max_messages, timeoutMs: timeout * 1_000 };
          const { messages } = await feeds.receive<MqttOutlet>('broker', wanted);
          const heard = messages.map((each) => ({ topic: each.topic, payload: each.text, timestamp: each.receivedAt }));
          return { structured: { topic, messages_received: heard.length, messages: heard } };
        },
      }),
      mqtt_read: tool({
        description: 'Waits for one message of a topic that may be read; one that the broker kept comes at once.',
        input: z.object({ response_topic: z.string(), timeout: seconds(5) }),
        annotations: READS,
        async run({ response_topic, timeout }, { feeds }) {
          const payload = await receive(feeds, response_topic, timeout);
          return { structured: { response_topic, response_payload: payload, success: payload !== null } };
        },
      }),
      mqtt_query: tool({
        description: 'Publishes a request, and answers the first message that comes to its response topic.',
        input: z.object({ ...Query, timeout: seconds(5, 25) }),
        async run({ request_topic, response_topic, payload, timeout }, { feeds }) {
          const request = { topic: request_topic, responseTopic: response_topic, payload, timeoutMs: timeout * 1_000 };
          const { answers, published } = await feeds.request('broker', request);
          const outcome = answers[0]
            ? { response_payload: answers[0].text, success: true }
            : { error: `no answer (the request: ${published.reason ?? published.status})`, success: false };
          return { structured: { request_topic, response_topic, request_payload: payload, ...outcome } };
        },
      }),
    },
    resources: {
      message: resource({
        uri: 'mqtt://{host}:{port}/{+topic}',
        read: async ({ host, port, topic }, { feeds }) => {
          checkBroker({ host, port: Number(port) });
          return (await receive(feeds, topic, 25)) ?? '';
        },
      }),
      allowed: told('allowed', { topics: TOPICS, mqtt_info: broker }),
      examples: told('examples', EXAMPLES),
    },
    prompts: {
      mqtt_help: prompt({
        description: 'What can be asked of the broker',
        run: async () => 'Publish {"on":true} to devices/lamp. Then wait up to 30 s for devices/lamp/state.',
      }),
      mqtt_error: prompt({
        description: 'What to do about an error',
        arguments: [{ name: 'error' }],
        run: async ({ error = 'something' }) => `This went wrong: ${error}. Try again, change it, or leave it?`,
      }),
    },
  });
}

const given = process.env['MQTT_URL'];
export default given ? mqttApp(given, secret('MQTT_URL')) : mqttApp('mqtt://127.0.0.1:1883');
