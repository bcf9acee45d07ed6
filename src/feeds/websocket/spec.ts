/** The specification of a WebSocket feed's options: their types, defaults and bounds. Rules about several of them: problems.ts. */
import * as z from 'zod';
import { pacingOptions } from '../../declare/spec/feed.ts';
import { isSetSecret, type ReadSecret, revealed, type Secret } from '../../declare/secret.ts';
import { allowOption } from '../../declare/spec/hosts.ts';
import { choice, hidden, judged, made, whole, withDefaults, yesOrNo } from '../../declare/spec/options.ts';
import { headerExpected } from '../../net/request-headers.ts';
import { messageTestOption } from '../kit/message-test.ts';
import { headersOption, pathOrWhole, pathTo } from '../kit/source-options.ts';
import {
  type CatchUp,
  describeWebSocket,
  type SocketHeartbeat,
  type SocketMessage,
  type WebSocketOptions,
} from './options.ts';

const DAY_MS = 86_400_000;
const MOST_BYTES = 64 * 1024 * 1024;

const ms = (least: number, most: number) => whole(least, most, { unit: 'ms' });
const bytes = whole(1, MOST_BYTES, { unit: 'B' });

/** Headers that belong to the handshake itself. */
const OF_HANDSHAKE = /^(host|connection|upgrade|content-length|transfer-encoding|sec-websocket-.*)$/i;
const headers = <Made>() =>
  headersOption<Made>(
    (name, value) =>
      headerExpected(name, value) ?? (OF_HANDSHAKE.test(name) ? 'no header that the handshake itself sends' : null),
  );

type Functions<Option> = Extract<Option, (...given: never) => unknown>;

// What is sent may hold a key.
const messages = hidden(
  judged<NonNullable<WebSocketOptions['subscribe']>>(
    'a text, an object, several such, or a function',
    (given) => typeof given === 'function' || (Array.isArray(given) ? given : [given]).every(isMessage),
  ),
).optional();
const heartbeatSpec = z.strictObject(
  {
    everyMs: ms(10, DAY_MS),
    message: hidden(judged<SocketHeartbeat['message']>('a text or an object', isMessage)),
    expectMs: ms(1, DAY_MS).optional(),
  },
  { error: '{ everyMs, message, expectMs }' },
);

const catchUpSpec = z.strictObject(
  {
    url: hidden(judged<CatchUp['url']>('a URL with {since} in it, or a function', isTextOrFunction)),
    headers: headers<Functions<CatchUp['headers']>>().optional(),
    items: pathOrWhole('values').optional(),
    timeFormat: choice('iso', 'ms', 's').default('iso'),
    map: made<NonNullable<CatchUp['map']>>('a function of an item').optional(),
    newestFirst: yesOrNo,
    overlapMs: ms(0, DAY_MS).default(10_000),
    initialMs: ms(0, 366 * DAY_MS).default(0),
    mostMs: ms(1, 366 * DAY_MS).default(DAY_MS),
    maxBytes: bytes.default(10 * 1024 * 1024),
    timeoutMs: ms(1, 600_000).optional(),
  },
  { error: '{ url, … }' },
);

export const webSocketSpec = z.strictObject({
  url: hidden(judged<WebSocketOptions['url']>('an absolute wss URL', isTextOrFunction)),
  headers: headers<Functions<WebSocketOptions['headers']>>().optional(),
  protocols: judged<readonly string[]>('different names of subprotocols', areProtocols).default([]),
  allow: allowOption,
  subscribe: messages,
  unsubscribe: messages,
  acknowledged: messageTestOption,
  refused: messageTestOption,
  ignore: messageTestOption,
  payload: choice('json', 'ndjson', 'text', 'binary').default('json'),
  items: pathOrWhole('data or data.items').optional(),
  sequence: pathTo('seq').optional(),
  catchUp: catchUpSpec.optional(),
  heartbeat: heartbeatSpec.optional(),
  idleMs: ms(1, DAY_MS).optional(),
  reconnects: whole(0, 100).default(5),
  answerMs: ms(1, 600_000).default(10_000),
  pauseMs: ms(0, DAY_MS).default(60_000),
  maxMessageBytes: bytes.default(256 * 1024),
  lingerMs: ms(0, 60_000).default(50),
  freshMs: ms(1, DAY_MS).optional(),
  gapAboveMs: ms(0, DAY_MS).default(0),
  ...pacingOptions,
});

type SocketMessages = SocketMessage | readonly SocketMessage[] | Functions<WebSocketOptions['subscribe']>;

/** What is sent, with texts in place of secrets. */
interface SocketSent {
  url: Exclude<WebSocketOptions['url'], Secret>;
  headers?: Record<string, string> | Functions<WebSocketOptions['headers']>;
  subscribe?: SocketMessages;
  unsubscribe?: SocketMessages;
  heartbeat?: Omit<SocketHeartbeat, 'message'> & { message: SocketMessage };
}

interface CatchUpSent {
  url: Exclude<CatchUp['url'], Secret>;
  headers?: Record<string, string> | Functions<CatchUp['headers']>;
}

export type CatchUpSettings = Omit<z.output<typeof catchUpSpec>, keyof CatchUpSent> & CatchUpSent;

/** The options with their defaults, those of `catchUp` too, and texts in place of secrets. */
export type WebSocketSettings = Omit<z.output<typeof webSocketSpec>, keyof SocketSent | 'catchUp'> &
  SocketSent & {
    catchUp?: CatchUpSettings;
    /** The feed's source for people. */
    source: string;
  };

const unsentSpec = webSocketSpec.omit({
  url: true,
  headers: true,
  subscribe: true,
  unsubscribe: true,
  heartbeat: true,
  catchUp: true,
});
const unsentCatchUpSpec = catchUpSpec.omit({ url: true, headers: true });

export function webSocketSettings(options: WebSocketOptions, secret: ReadSecret): WebSocketSettings {
  const { url, headers, subscribe, unsubscribe, heartbeat, catchUp, ...others } = options;
  return {
    ...withDefaults(unsentSpec, others),
    ...revealed<SocketSent>({ url, headers, subscribe, unsubscribe, heartbeat }, secret),
    ...(catchUp === undefined ? {} : { catchUp: catchUpSettings(catchUp, secret) }),
    source: describeWebSocket(url),
  };
}

function catchUpSettings({ url, headers, ...others }: CatchUp, secret: ReadSecret): CatchUpSettings {
  return { ...withDefaults(unsentCatchUpSpec, others), ...revealed<CatchUpSent>({ url, headers }, secret) };
}

function isTextOrFunction(value: unknown): boolean {
  return typeof value === 'string' || isSetSecret(value) || typeof value === 'function';
}

function areProtocols(names: unknown): boolean {
  if (!Array.isArray(names) || new Set(names).size < names.length) return false;
  return names.every((name) => typeof name === 'string' && /^[!#$%&'*+.^_`|~0-9a-z-]+$/i.test(name));
}

function isMessage(value: unknown): boolean {
  return typeof value === 'string' || (typeof value === 'object' && value !== null && !Array.isArray(value));
}
