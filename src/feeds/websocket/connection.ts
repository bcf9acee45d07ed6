/**
 * One connection: opens it, subscribes, sends heartbeats and closes it. It does not decide whether to connect again:
 * run-burst.ts does.
 */
import type { BurstContext } from '../../declare/feed.ts';
import { TidegateError } from '../../base/errors.ts';
import type { OpenedWebSocket } from '../../base/runtime.ts';
import type { Json } from '../../base/json.ts';
import { secretTexts } from '../kit/said.ts';
import { createInbox, type Inbox } from './inbox.ts';
import { createReceiver, type Receiver, type Received } from './receiver.ts';
import { closedBy, type Disconnect, refusedBy, unanswered, withWords } from './disconnect.ts';
import {
  isRecoverable,
  LARGEST_MESSAGE_BYTES,
  type SocketMessage,
  type SocketStanding,
  type WebSocketOptions,
} from './options.ts';
import { type WebSocketSettings } from './spec.ts';

const NORMAL_CLOSE = 1000;
const ABNORMAL_CLOSE = 1006;
/** A shorter text of a message is no key. */
const LEAST_KEY = 12;

export interface SocketConnection {
  /** Epoch ms since when the server has confirmed the subscription, or since it was sent where nothing confirms it. */
  subscribedAt: number;
  receive(waitMs: number): Promise<Received>;
  /** Starts the count of silence anew, because nobody called `receive` until now. */
  resume(): void;
  /**
   * Unsubscribes and closes. What came until then can still be received, and nothing after it. Answers the time at which it
   * closed, epoch ms; null where the server did not confirm the close within `waitMs`.
   */
  goodbye(waitMs: number): Promise<number | null>;
  /** The message that came last, of whatever kind, as `quoted` shows it; empty where none came. */
  said(): string;
  /** Ends the connection at once. Safe to call twice. */
  end(): void;
}

type ConnectResult = { kind: 'open'; connection: SocketConnection } | { kind: 'lost'; loss: Disconnect };

/** @throws TidegateError `address_refused`, `invalid_input`; and what the app's own functions throw */
export async function openConnection(
  settings: WebSocketSettings,
  context: BurstContext,
  standing: SocketStanding,
): Promise<ConnectResult> {
  const inbox = createInbox({
    overflow: isRecoverable(settings) ? 'stop' : settings.overflow,
    now: () => context.now(),
    sleep: (ms, wake) => context.sleep(ms, wake),
  });
  const secrets: string[] = [];
  const opened = await open(settings, context, standing, inbox, secrets);
  if (opened.kind === 'lost') return opened;
  const { socket } = opened;
  const ended = new AbortController();
  context.signal.addEventListener('abort', () => inbox.wake(), { once: true, signal: ended.signal });
  inbox.holdWith(socket.hold);
  const end = () => {
    ended.abort();
    socket.destroy();
    inbox.end(ABNORMAL_CLOSE);
    inbox.clear();
  };
  const receiver = createReceiver(settings, context, inbox, secrets);
  let loss: Disconnect | null;
  try {
    const messages = await messagesOf(settings.subscribe, standing);
    secrets.push(...messages.flatMap(textsIn).filter((text) => text.length >= LEAST_KEY));
    loss = send(socket, messages) ? await receiver.acknowledgement() : lostBy(inbox, settings, secrets);
  } catch (error) {
    end();
    throw error;
  }
  if (loss) {
    end();
    return { kind: 'lost', loss: withWords(loss, receiver.said()) };
  }
  void beat(settings, context, socket, receiver, ended.signal);
  const subscribedAt = context.now();
  return {
    kind: 'open',
    connection: {
      subscribedAt,
      receive: (waitMs) => receiver.receive(waitMs),
      resume: () => receiver.resume(),
      said: () => receiver.said(),
      async goodbye(waitMs) {
        const at = context.now();
        try {
          send(socket, await messagesOf(settings.unsubscribe, standing));
        } catch (error) {
          context.log('warn', 'unsubscribe could not be made', { reason: String(error) });
        }
        socket.close(NORMAL_CLOSE);
        // The server's answer comes behind the messages that were held back.
        if (waitMs > 0) inbox.release();
        while (inbox.closed() === null && context.now() < at + waitMs && !context.signal.aborted)
          await inbox.waitForEnd(at + waitMs - context.now());
        inbox.seal();
        return inbox.closed()?.code === NORMAL_CLOSE ? at : null;
      },
      end,
    },
  };
}

type Opened = { kind: 'open'; socket: OpenedWebSocket } | { kind: 'lost'; loss: Disconnect };

async function open(
  settings: WebSocketSettings,
  context: BurstContext,
  standing: SocketStanding,
  inbox: Inbox,
  secrets: string[],
): Promise<Opened> {
  const { allow, protocols, answerMs } = settings;
  const url = await given(settings.url, standing);
  const headers = (await given(settings.headers, standing)) ?? {};
  secrets.push(...secretTexts(url, headers));
  const maxMessageBytes = Math.max(LARGEST_MESSAGE_BYTES, settings.maxMessageBytes);
  const settled = new AbortController();
  const givenUp = new AbortController();
  const signal = AbortSignal.any([context.signal, givenUp.signal]);
  const listener = {
    message: (data: string | Uint8Array) => inbox.put(data),
    closed: (code: number, reason?: string) => inbox.end(code, reason),
  };
  const opening = context.webSocket({ url, headers, protocols, allow, maxMessageBytes }, listener, signal);
  const tooLate = context.sleep(answerMs, AbortSignal.any([settled.signal, context.signal])).then(() => null);
  try {
    const answer = await Promise.race([opening, tooLate]);
    if (answer?.kind === 'open') return answer;
    if (answer) return { kind: 'lost', loss: refusedBy(answer, settings) };
    givenUp.abort(unanswered('the handshake', settings).error);
    opening.then(
      (late) => late.kind === 'open' && late.socket.destroy(),
      () => {},
    );
    return { kind: 'lost', loss: unanswered('the handshake', settings) };
  } catch (error) {
    if (!(error instanceof TidegateError && error.code === 'upstream')) throw error;
    return { kind: 'lost', loss: { error, again: true } };
  } finally {
    settled.abort();
  }
}

/** Sends the heartbeat of the app, also while nobody calls `receive`. */
async function beat(
  { heartbeat }: WebSocketSettings,
  context: BurstContext,
  socket: OpenedWebSocket,
  receiver: Receiver,
  ended: AbortSignal,
): Promise<void> {
  if (heartbeat === undefined) return;
  for (;;) {
    await context.sleep(heartbeat.everyMs, ended);
    if (ended.aborted || !send(socket, [heartbeat.message])) return;
    receiver.beaten();
  }
}

/** False: the connection is closed. */
function send(socket: OpenedWebSocket, messages: readonly SocketMessage[]): boolean {
  try {
    for (const message of messages) socket.send(typeof message === 'string' ? message : JSON.stringify(message));
    return true;
  } catch {
    return false;
  }
}

function lostBy(inbox: Inbox, settings: WebSocketSettings, secrets: readonly string[]): Disconnect {
  return closedBy(inbox.closed() ?? { code: ABNORMAL_CLOSE, reason: '' }, settings, secrets);
}

/** The texts in a message. A long one may be a key. */
function textsIn(value: Json): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

async function messagesOf(
  declared: WebSocketOptions['subscribe'],
  standing: SocketStanding,
): Promise<readonly SocketMessage[]> {
  const messages = await given(declared, standing);
  if (messages === undefined) return [];
  return Array.isArray(messages) ? (messages as readonly SocketMessage[]) : [messages as SocketMessage];
}

type Resolved<Value> = Value extends (...args: never[]) => infer Answer ? Awaited<Answer> : Value;

/** The value of an option, or the answer of its function. */
async function given<Value>(option: Value, standing: SocketStanding): Promise<Resolved<Value>> {
  return (typeof option === 'function' ? await option(standing) : option) as Resolved<Value>;
}
