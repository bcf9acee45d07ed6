/** The mistakes in a WebSocket feed's declaration that can be found without any I/O. */
import type { FeedTarget } from '../../declare/feed.ts';
import type { Problem } from '../../declare/problem.ts';
import { type KnownNames, unknownKeys } from '../../declare/spec/known-names.ts';
import { allowProblems } from '../kit/allow-problems.ts';
import { checkTarget } from '../../net/fetch-target.ts';
import { isPath } from '../../base/json-path.ts';
import { headerExpected } from '../../net/request-headers.ts';
import { withoutIds } from '../kit/twice-read.ts';
import type { CatchUp, MessageTest, SocketHeartbeat, WebSocketOptions } from './options.ts';

const KNOWN: KnownNames<WebSocketOptions> = {
  url: true,
  headers: true,
  protocols: true,
  allow: true,
  subscribe: true,
  unsubscribe: true,
  acknowledged: true,
  refused: true,
  ignore: true,
  payload: true,
  items: true,
  sequence: true,
  catchUp: true,
  heartbeat: true,
  idleMs: true,
  reconnects: true,
  answerMs: true,
  pauseMs: true,
  maxMessageBytes: true,
  lingerMs: true,
  freshMs: true,
  gapAboveMs: true,
  everyMs: true,
  budget: true,
  overflow: true,
  sample: true,
};
const KNOWN_OF_CATCH_UP: KnownNames<CatchUp> = {
  url: true,
  headers: true,
  items: true,
  timeFormat: true,
  map: true,
  newestFirst: true,
  overlapMs: true,
  initialMs: true,
  mostMs: true,
  maxBytes: true,
  timeoutMs: true,
};
const KNOWN_OF_HEARTBEAT: KnownNames<SocketHeartbeat> = { everyMs: true, message: true, expectMs: true };

const DAY_MS = 86_400_000;
const MOST_BYTES = 64 * 1024 * 1024;
/** Least and greatest of each number, by its path. */
const RANGES: readonly [path: string, least: number, most: number][] = [
  ['idleMs', 1, DAY_MS],
  ['reconnects', 0, 100],
  ['answerMs', 1, 600_000],
  ['pauseMs', 0, DAY_MS],
  ['maxMessageBytes', 1, MOST_BYTES],
  ['lingerMs', 0, 60_000],
  ['freshMs', 1, DAY_MS],
  ['gapAboveMs', 0, DAY_MS],
  ['heartbeat.everyMs', 10, DAY_MS],
  ['heartbeat.expectMs', 1, DAY_MS],
  ['catchUp.overlapMs', 0, DAY_MS],
  ['catchUp.initialMs', 0, 366 * DAY_MS],
  ['catchUp.mostMs', 1, 366 * DAY_MS],
  ['catchUp.maxBytes', 1, MOST_BYTES],
  ['catchUp.timeoutMs', 1, 600_000],
];

/** What the handshake itself says. */
const OURS = /^(host|connection|upgrade|content-length|transfer-encoding|sec-websocket-.*)$/i;

type Wrong = (path: string, expected: string, found?: string) => void;

export function webSocketProblems(options: WebSocketOptions, targets: readonly FeedTarget[]): Problem[] {
  const problems = [
    ...unknownKeys(options, KNOWN),
    ...unknownKeys(options.catchUp, KNOWN_OF_CATCH_UP, 'catchUp'),
    ...unknownKeys(options.heartbeat, KNOWN_OF_HEARTBEAT, 'heartbeat'),
  ];
  const wrong: Wrong = (path, expected, found) =>
    problems.push({ path, expected, ...(found === undefined ? {} : { found }) });
  checkNumbers(options, wrong);
  checkConnection(options, wrong);
  checkMessages(options, wrong);
  checkMending(options, wrong);
  if (options.catchUp !== undefined) problems.push(...withoutIds('catchUp', targets));
  return problems;
}

function checkNumbers(options: WebSocketOptions, wrong: Wrong): void {
  for (const [path, least, most] of RANGES) {
    const [outer = '', inner] = path.split('.');
    const whole = (options as unknown as Record<string, unknown>)[outer];
    const value = inner === undefined ? whole : (whole as Record<string, unknown> | undefined)?.[inner];
    const isNeeded = path === 'heartbeat.everyMs' && whole !== undefined;
    if (value === undefined && !isNeeded) continue;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most)
      wrong(path, `a whole number from ${least} to ${most}`, String(value));
  }
}

function checkConnection(options: WebSocketOptions, wrong: Wrong): void {
  const { url, allow = [], protocols = [] } = options;
  for (const { path, expected, found } of allowProblems(allow)) wrong(path, expected, found);
  if (typeof url !== 'function') checkUrl('url', url, allow, 'wss', wrong);
  if (new Set(protocols).size < protocols.length || protocols.some((name) => !/^[!#$%&'*+.^_`|~0-9a-z-]+$/i.test(name)))
    wrong('protocols', 'different names of subprotocols', JSON.stringify(protocols));
  checkHeaders('headers', options.headers, wrong);
}

function checkUrl(path: string, url: string, allow: readonly string[], scheme: 'https' | 'wss', wrong: Wrong): void {
  if (!URL.canParse(url)) return wrong(path, `an absolute ${scheme} URL`);
  const { host, hash, username, password, protocol } = new URL(url);
  if (hash !== '') wrong(path, 'a URL without a fragment');
  try {
    checkTarget(url, allow, scheme);
  } catch (error) {
    const plain = scheme === 'wss' ? 'ws:' : 'http:';
    const isOther = username !== '' || password !== '' || ![`${scheme}:`, plain].includes(protocol);
    const a = scheme === 'wss' ? 'a wss' : 'an https';
    const meant = `${a} URL of a public host, or allow: ['${host}'] where it is meant`;
    wrong(path, isOther ? `${a} URL without credentials` : meant, error instanceof Error ? error.message : undefined);
  }
}

function checkHeaders(path: string, headers: unknown, wrong: Wrong): void {
  if (typeof headers !== 'object' || headers === null) return;
  for (const [name, value] of Object.entries(headers as Record<string, unknown>)) {
    const expected = headerExpected(name, value);
    if (expected !== null) wrong(`${path}.${name}`, expected);
    else if (OURS.test(name)) wrong(`${path}.${name}`, 'no header that the handshake itself sends');
  }
}

function checkMessages(options: WebSocketOptions, wrong: Wrong): void {
  const { payload, items, heartbeat } = options;
  if (payload !== undefined && !['json', 'ndjson', 'text', 'binary'].includes(payload))
    wrong('payload', 'json, ndjson, text or binary', payload);
  if (items !== undefined && !isPath(items)) wrong('items', 'a path such as data or data.items', items);
  if (items !== undefined && (payload === 'text' || payload === 'binary'))
    wrong('items', `no path, because a message of ${payload} is one item`, items);
  for (const name of ['subscribe', 'unsubscribe'] as const) {
    const given = options[name];
    if (given === undefined || typeof given === 'function') continue;
    const messages: readonly unknown[] = Array.isArray(given) ? given : [given];
    if (!messages.every(isMessage)) wrong(name, 'a text, an object, several such, or a function');
  }
  if (heartbeat !== undefined && !isMessage(heartbeat.message)) wrong('heartbeat.message', 'a text or an object');
  for (const name of ['acknowledged', 'refused', 'ignore'] as const)
    if (options[name] !== undefined && !isTest(options[name]))
      wrong(name, "fields with their values ({ event: 'heartbeat' }), several such, or a function");
}

function isMessage(value: unknown): boolean {
  return typeof value === 'string' || (typeof value === 'object' && value !== null && !Array.isArray(value));
}

/** A test without a field would be true of every message. */
function isTest(test: MessageTest): boolean {
  if (typeof test === 'function') return true;
  const tests: readonly unknown[] = Array.isArray(test) ? test : [test];
  return tests.every((one) => {
    const fields = typeof one === 'object' && one !== null ? Object.entries(one as Record<string, unknown>) : [];
    return fields.length > 0 && fields.every(([path, value]) => path !== '' && isPath(path) && isPlain(value));
  });
}

function isPlain(value: unknown): boolean {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}

function checkMending(options: WebSocketOptions, wrong: Wrong): void {
  const { sequence, subscribe, catchUp, url, allow = [], heartbeat } = options;
  if (sequence !== undefined) {
    if (sequence === '' || !isPath(sequence)) wrong('sequence', 'a path such as seq', sequence);
    if (typeof subscribe !== 'function' && typeof url !== 'function')
      wrong('subscribe', 'a function that asks for what follows its argument, sequence');
    if (catchUp !== undefined) wrong('catchUp', 'none beside sequence: what the source replays is not missing');
  }
  if (heartbeat?.expectMs !== undefined && heartbeat.expectMs > heartbeat.everyMs)
    wrong('heartbeat.expectMs', 'at most heartbeat.everyMs', String(heartbeat.expectMs));
  if (catchUp === undefined) return;
  if (typeof catchUp.url === 'string') {
    if (!catchUp.url.includes('{since}'))
      wrong('catchUp.url', 'a URL with {since} in it, and {until} where the source knows it');
    checkUrl('catchUp.url', catchUp.url.replaceAll(/\{(since|until)\}/g, '0'), allow, 'https', wrong);
  } else if (typeof catchUp.url !== 'function') wrong('catchUp.url', 'a URL with {since} in it, or a function');
  checkHeaders('catchUp.headers', catchUp.headers, wrong);
  if (catchUp.items !== undefined && !isPath(catchUp.items))
    wrong('catchUp.items', 'a path such as values', catchUp.items);
  if (catchUp.timeFormat !== undefined && !['iso', 'ms', 's'].includes(catchUp.timeFormat))
    wrong('catchUp.timeFormat', 'iso, ms or s', catchUp.timeFormat);
}
