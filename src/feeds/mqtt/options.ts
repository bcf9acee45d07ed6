/** What an MQTT feed may declare, its defaults, and the mistakes that can be found in it without any I/O. */
import type { FeedPacing, FeedTarget } from '../../declare/feed.ts';
import type { MqttPayload } from '../../declare/outlet.ts';
import type { Problem } from '../../declare/problem.ts';
import { type KnownNames, unknownKeys } from '../../declare/spec/known-names.ts';
import { utf8Bytes } from '../../base/json.ts';
import type { TlsOptions } from '../../base/runtime.ts';
import type { MqttTopics } from './publish-options.ts';
import { topicsProblems } from './publish-problems.ts';
import { filterMistake } from './topic.ts';

export interface MqttOptions extends FeedPacing {
  /**
   * `mqtt://host[:1883]`, `mqtts://host[:8883]`, `ws://…` or `wss://…`. The host may be on a private network: it is the
   * operator's own choice. A user and password in it are used where none are given beside it; neither they
   * nor its query are ever shown.
   */
  url: string;
  /**
   * Under which the broker keeps our session between two bursts; needed at QoS 1. One feed, one clientId: whoever connects
   * with the same takes the session over. A new clientId is a new session, and what the old one held is lost.
   */
  clientId?: string;
  username?: string;
  password?: string;
  /** For `mqtts:` only. */
  tls?: TlsOptions;
  /** Default: 5, and 4 (which is MQTT 3.1.1) where the broker does not know 5. */
  protocolVersion?: 4 | 5;
  /** Default 1: the broker keeps messages between bursts. 0: only what is published during a burst arrives, and may be lost. */
  qos?: 0 | 1;
  /** Topic filter of a feed that stands in its one stream; streams that say `from(feed, { topic })` have their own. */
  topic?: string;
  /** How payloads read, where a route does not say; default `json`. */
  payload?: MqttPayload;
  /** For how long the broker is asked to keep session and messages after a burst (MQTT 5); default one day. */
  sessionExpirySeconds?: number;
  /** How many messages the broker may send before the first of them is acknowledged; default 1,000. MQTT 3.1.1 has no
   * such request: give what the broker is set to there, or nothing, and it is found out. */
  receiveMaximum?: number;
  /** How many messages the broker keeps for an absent client, where you know it: that many at once make a `gap` event. */
  brokerQueueLimit?: number;
  /** A burst ends after so long without a message; default 500. */
  idleMs?: number;
  /** How long messages are collected for one commit; default 50. */
  lingerMs?: number;
  /** A larger message is not read, and becomes a dead letter; default 256 KiB. The broker is not told, since it would drop it silently. */
  maxPacketBytes?: number;
  /** Default 60; 0: none. */
  keepAliveSeconds?: number;
  /** Longest wait for the broker's answers; default 10,000. */
  answerMs?: number;
  /** What may be read and published, by topic patterns; with something to publish the app has the tool `publish`. */
  topics?: MqttTopics;
}

/** The options with their defaults. */
export interface MqttSettings {
  url: string;
  clientId: string | null;
  username: string | null;
  password: string | null;
  tls: TlsOptions;
  /** Versions to try, in this order. */
  versions: readonly (4 | 5)[];
  qos: 0 | 1;
  topic: string | null;
  payload: MqttPayload;
  sessionExpirySeconds: number;
  receiveMaximum: number | null;
  brokerQueueLimit: number | null;
  idleMs: number;
  lingerMs: number;
  maxPacketBytes: number;
  keepAliveSeconds: number;
  answerMs: number;
}

export const DEFAULT_RECEIVE_MAXIMUM = 1_000;

const DEFAULTS = {
  sessionExpirySeconds: 86_400,
  idleMs: 500,
  lingerMs: 50,
  maxPacketBytes: 256 * 1024,
  keepAliveSeconds: 60,
  answerMs: 10_000,
} as const;

export function mqttSettings(options: MqttOptions): MqttSettings {
  const { username, password } = new URL(options.url);
  return {
    ...DEFAULTS,
    ...Object.fromEntries(
      Object.keys(DEFAULTS).map((name) => [name, numberOf(options, name as keyof typeof DEFAULTS)]),
    ),
    url: options.url,
    clientId: options.clientId ?? null,
    username: options.username ?? (decodeURIComponent(username) || null),
    password: options.password ?? (decodeURIComponent(password) || null),
    tls: options.tls ?? {},
    versions: mqttVersions(options),
    qos: options.qos ?? 1,
    topic: options.topic ?? null,
    payload: options.payload ?? 'json',
    receiveMaximum: options.receiveMaximum ?? null,
    brokerQueueLimit: options.brokerQueueLimit ?? null,
  };
}

/** Versions to try, in this order. */
export function mqttVersions({ protocolVersion }: Pick<MqttOptions, 'protocolVersion'>): readonly (4 | 5)[] {
  return protocolVersion === undefined ? [5, 4] : [protocolVersion];
}

function numberOf(options: MqttOptions, name: keyof typeof DEFAULTS): number {
  return options[name] ?? DEFAULTS[name];
}

/** Least and greatest of each number. */
const RANGES: Partial<Record<keyof MqttOptions, readonly [number, number]>> = {
  sessionExpirySeconds: [1, 0xffffffff],
  receiveMaximum: [1, 65_535],
  brokerQueueLimit: [1, Number.MAX_SAFE_INTEGER],
  idleMs: [1, 3_600_000],
  lingerMs: [0, 60_000],
  maxPacketBytes: [1_024, 268_435_455],
  keepAliveSeconds: [0, 65_535],
  answerMs: [1, 600_000],
};

const KNOWN: KnownNames<MqttOptions> = {
  url: true,
  clientId: true,
  username: true,
  password: true,
  tls: true,
  protocolVersion: true,
  qos: true,
  topic: true,
  payload: true,
  sessionExpirySeconds: true,
  receiveMaximum: true,
  brokerQueueLimit: true,
  idleMs: true,
  lingerMs: true,
  maxPacketBytes: true,
  keepAliveSeconds: true,
  answerMs: true,
  topics: true,
  everyMs: true,
  budget: true,
  overflow: true,
  sample: true,
};
const KNOWN_OF_TLS: KnownNames<TlsOptions> = { ca: true, cert: true, key: true, servername: true };

export function mqttProblems(options: MqttOptions, targets: readonly FeedTarget[]): Problem[] {
  const problems = [...unknownKeys(options, KNOWN), ...unknownKeys(options.tls, KNOWN_OF_TLS, 'tls')];
  const wrong = (path: string, expected: string, found?: string) =>
    problems.push({ path, expected, ...(found === undefined ? {} : { found }) });

  checkConnection(options, targets, wrong);
  for (const [name, [least, most]] of Object.entries(RANGES)) {
    const value = options[name as keyof typeof RANGES];
    if (value === undefined) continue;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
      wrong(name, `a whole number from ${least} to ${most}`, JSON.stringify(value));
    }
  }
  const events = options.budget?.events ?? 10_000;
  if (options.brokerQueueLimit !== undefined && options.brokerQueueLimit > events) {
    wrong('budget.events', 'at least brokerQueueLimit, else it is never seen to be full', String(events));
  }
  checkTargets(options, targets, wrong);
  if (options.topics !== undefined) {
    const { topics, topic, payload = 'json' } = options;
    problems.push(...topicsProblems(topics, { topic, payload, versions: mqttVersions(options) }, targets));
  }
  return problems;
}

type Wrong = (path: string, expected: string, found?: string) => void;

function checkConnection(options: MqttOptions, targets: readonly FeedTarget[], wrong: Wrong): void {
  const { url, clientId, qos = 1, protocolVersion, tls } = options;
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (!parsed?.hostname || !['mqtt:', 'mqtts:', 'ws:', 'wss:'].includes(parsed.protocol)) {
    wrong('url', 'a URL that begins with mqtt://, mqtts://, ws:// or wss://');
  }
  if (qos !== 0 && qos !== 1) {
    wrong('qos', '0 or 1: at QoS 2 a message has to be acknowledged before it is stored', JSON.stringify(qos));
  }
  if (protocolVersion !== undefined && protocolVersion !== 4 && protocolVersion !== 5) {
    wrong('protocolVersion', '5, or 4 for MQTT 3.1.1', JSON.stringify(protocolVersion));
  }
  if (clientId === undefined ? qos !== 0 && targets.length > 0 : !isClientId(clientId)) {
    const why = clientId === undefined ? ', because the broker keeps the session under it' : '';
    wrong('clientId', `1 to 256 bytes without control characters${why}`, JSON.stringify(clientId));
  }
  if (options.password !== undefined && options.username === undefined) wrong('username', 'a name beside the password');
  if (tls && parsed && parsed.protocol !== 'mqtts:') {
    wrong('tls', 'a URL that begins with mqtts://; the platform alone decides whom wss:// trusts');
  }
  if (tls && (tls.cert === undefined) !== (tls.key === undefined)) wrong('tls', 'cert and key together');
}

function isClientId(text: string): boolean {
  return text !== '' && utf8Bytes(text) <= 256 && !/\p{Cc}/u.test(text);
}

function checkTargets(options: MqttOptions, targets: readonly FeedTarget[], wrong: Wrong): void {
  const forms = ['json', 'text', 'number'];
  const checkPayload = (path: string, payload: string | undefined) => {
    if (payload !== undefined && !forms.includes(payload)) wrong(path, `one of ${forms.join(', ')}`, payload);
  };
  checkPayload('payload', options.payload);
  for (const { stream, route } of targets) {
    const path = route?.topic === undefined ? 'topic' : `streams.${stream}.topic`;
    const filter = route?.topic ?? options.topic;
    const mistake = filter === undefined ? 'a topic filter, here or in the stream' : filterMistake(filter);
    if (mistake !== null) wrong(path, mistake, filter);
    checkPayload(`streams.${stream}.payload`, route?.payload);
    const level = route?.keyLevel;
    if (level !== undefined && !(Number.isInteger(level) && level >= 0)) {
      wrong(`streams.${stream}.keyLevel`, 'a topic level, counted from 0', String(level));
    } else if (
      level !== undefined &&
      filter !== undefined &&
      !filter.endsWith('#') &&
      level >= filter.split('/').length
    ) {
      wrong(`streams.${stream}.keyLevel`, `a level of ${filter}, counted from 0`, String(level));
    }
  }
}
