/**
 * The specification of an MQTT feed and of its routes: every option with its default and its bounds. `problems.ts` and
 * `topics-problems.ts` judge what concerns several options at once.
 */
import * as z from 'zod';
import { utf8Bytes } from '../../base/json.ts';
import { pacingOptions } from '../../declare/spec/feed.ts';
import { isSecret, isSetSecret, type Secret } from '../../declare/secret.ts';
import { choice, hidden, judged, text, whole, yesOrNo, zodSchema } from '../../declare/spec/options.ts';
import { messageTestOption } from '../kit/message-test.ts';
import { pathOrWhole } from '../kit/source-options.ts';
import { filterMistake } from './topic.ts';

const ms = { unit: 'ms' };
const bytes = { unit: 'B' };
const seconds = { unit: 's' };

const filter = z.string({ error: 'a topic filter' }).superRefine((given, context) => {
  const mistake = filterMistake(given);
  if (mistake !== null) context.addIssue({ code: 'custom', message: mistake });
});
const payload = choice('json', 'text', 'number', 'binary');
const reading = { items: pathOrWhole('data or data.items').optional(), ignore: messageTestOption };
const zeroOrOne = z.literal([0, 1], { error: '0 or 1' });

export const LONGEST_EXPIRY_SECONDS = 0xffffffff;
const MOST_RULES = 50;

export const responseSpec = z.strictObject(
  {
    topic: z.string({ error: 'a topic filter' }).optional(),
    correlation: z
      .union([text('the name of a field, or false'), z.literal(false)], { error: 'the name of a field, or false' })
      .optional(),
  },
  { error: '{ topic, correlation }' },
);

const confirm = z.union(
  [
    z.boolean(),
    text('true, a text for people, or { message, otherwise }'),
    z.strictObject({
      message: text('a text').optional(),
      otherwise: z
        .enum(['missing-capability', 'refuse'], { error: 'missing-capability or refuse' })
        .default('missing-capability'),
    }),
  ],
  { error: 'true, a text for people, or { message, otherwise }' },
);

export const ruleSpec = z.strictObject({
  topic: z.string({ error: 'a topic filter' }),
  description: text('a text').optional(),
  schema: zodSchema.optional(),
  payload: choice('json', 'text', 'number').optional(),
  confirm: confirm.optional(),
  qos: zeroOrOne.default(1),
  retain: yesOrNo,
  maxBytes: whole(1, 1_048_576, bytes).default(65_536),
  contentType: text('a text').optional(),
  expirySeconds: whole(1, LONGEST_EXPIRY_SECONDS, seconds).optional(),
  response: responseSpec.optional(),
});

const listOfRules = { error: `a list of at most ${MOST_RULES} topic filters and rules` };

export const topicsSpec = z.strictObject(
  {
    read: z.array(filter, { error: 'a list of topic filters' }).readonly().optional(),
    publish: z
      .array(z.union([z.string(), ruleSpec], { error: 'a topic filter, or { topic, … }' }), listOfRules)
      .max(MOST_RULES, listOfRules)
      .readonly()
      .optional(),
    audit: text('the name of a stream').optional(),
  },
  { error: '{ read, publish, audit }' },
);

/** What is expected of `url`. */
export const BROKER_URL = 'a URL that begins with mqtt://, mqtts://, ws:// or wss://';
const isTextOrSecret = (value: unknown) => typeof value === 'string' || isSecret(value);
const credential = judged<string | Secret>('a text or a secret', isTextOrSecret);
const pem = judged<string | Secret>('a text in PEM, or a secret', isTextOrSecret).optional();

export const mqttSpec = z.strictObject({
  url: hidden(
    judged<string | Secret>(
      `${BROKER_URL}, or a secret that is not optional`,
      (value) => isSetSecret(value) || isBrokerUrl(value),
    ),
  ),
  clientId: judged<string>('1 to 256 bytes without control characters', isClientId).optional(),
  username: hidden(credential).optional(),
  password: hidden(credential).optional(),
  tls: hidden(
    z.strictObject(
      { ca: pem, cert: pem, key: pem, servername: z.string({ error: 'a host name' }).optional() },
      { error: '{ ca, cert, key, servername }, any of them' },
    ),
  ).optional(),
  protocolVersion: z.literal([4, 5], { error: '5, or 4 for MQTT 3.1.1' }).optional(),
  qos: z.literal([0, 1], { error: '0 or 1: at QoS 2 a message has to be acknowledged before it is stored' }).default(1),
  topic: filter.optional(),
  payload: payload.default('json'),
  ...reading,
  sessionExpirySeconds: whole(1, 0xffffffff, seconds).default(86_400),
  receiveMaximum: whole(1, 65_535).optional(),
  brokerQueueLimit: judged<number | 'none'>(
    'a whole number from 1 on, or none',
    (value) => value === 'none' || (Number.isSafeInteger(value) && Number(value) >= 1),
  ).default(1_000),
  idleMs: whole(1, 3_600_000, ms).default(500),
  lingerMs: whole(0, 60_000, ms).default(50),
  maxPacketBytes: whole(1_024, 268_435_455, bytes).default(256 * 1024),
  keepAliveSeconds: whole(0, 65_535, seconds).default(60),
  answerMs: whole(1, 600_000, ms).default(10_000),
  topics: topicsSpec.optional(),
  ...pacingOptions,
});

/** The options that `from` takes beside the name of an MQTT feed. */
export const mqttRouteSpec = z.strictObject({
  topic: filter.optional(),
  keyLevel: whole(0, undefined, { expected: 'a topic level, counted from 0' }).optional(),
  payload: payload.optional(),
  ...reading,
});

export function isBrokerUrl(value: unknown): boolean {
  if (typeof value !== 'string' || !URL.canParse(value)) return false;
  const { hostname, protocol } = new URL(value);
  return hostname !== '' && ['mqtt:', 'mqtts:', 'ws:', 'wss:'].includes(protocol);
}

function isClientId(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && utf8Bytes(value) <= 256 && !/\p{Cc}/u.test(value);
}
