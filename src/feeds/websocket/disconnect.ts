/** Why a connection was lost or never made, and whether to try again in the same burst. Pure. */
import type { Opening } from '../../declare/feed.ts';
import { backoff } from '../../base/backoff.ts';
import { TidegateError } from '../../base/errors.ts';
import { quoted } from '../kit/said.ts';
import type { SocketClose } from './inbox.ts';
import type { WebSocketSettings } from './spec.ts';

export interface Disconnect {
  /** The burst fails with this unless it tries again. What the server said stands in it without our secrets. */
  error: TidegateError;
  again: boolean;
}

/** What close codes mean (RFC 6455, 7.4.1, and IANA's registry). */
const CODES: Record<number, string> = {
  1000: 'it is done',
  1001: 'the server is going away',
  1002: 'a protocol error',
  1003: 'data that it cannot take',
  1005: 'no reason',
  1006: 'the connection broke, or brought what is no WebSocket message or one above 4 MiB',
  1007: 'data that it cannot read',
  1008: 'a breach of its policy',
  1009: 'a message that is too large for it',
  1010: 'an extension that is missing',
  1011: 'a failure of the server',
  1012: 'the server starts again',
  1013: 'try again later',
  1014: 'a failure behind the server',
};
const PAUSING = new Set([1008, 1013]);
/** From here on codes mean what the server says. To dial again at once would bring the same answer. */
const FIRST_OF_SERVER = 4_000;

const PAUSES = { firstMs: 250, mostMs: 5_000, steady: 0.5 };

/** Milliseconds before the nth reconnection. The pause doubles each time, and half of it is random. */
export function pauseBefore(attempt: number, chance: number): number {
  return Math.round(backoff(PAUSES, attempt - 1, chance));
}

/** @param secrets what was sent to the server and is not shown */
export function closedBy(
  { code, reason }: SocketClose,
  { source, pauseMs }: WebSocketSettings,
  secrets: readonly string[],
): Disconnect {
  const meaning = `${CODES[code] ?? 'a reason of its own'}${quoted(reason, secrets)}`;
  const pausing = PAUSING.has(code);
  const details = pausing ? { retryAfterMs: pauseMs } : {};
  const error = new TidegateError('upstream', `${source} closed the connection with ${code}: ${meaning}`, details);
  return { error, again: !pausing && code < FIRST_OF_SERVER };
}

/** The same, with what the server said last on a connection that brought nothing. @param words as `quoted` makes them */
export function withWords({ error, again }: Disconnect, words: string): Disconnect {
  if (words === '') return { error, again };
  const { code, message, field, expected, hint, retryAfterMs } = error;
  const told = new TidegateError(code, `${message}; the last message was${words.replace(',', '')}`, {
    ...(field === null ? {} : { field }),
    ...(expected === null ? {} : { expected }),
    ...(hint === null ? {} : { hint }),
    ...(retryAfterMs === null ? {} : { retryAfterMs }),
  });
  return { error: told, again };
}

export function refusedBy(
  { status, retryAfterMs }: Extract<Opening, { kind: 'refused' }>,
  { source, pauseMs }: WebSocketSettings,
): Disconnect {
  const pause = retryAfterMs ?? (status === 429 ? pauseMs : null);
  const error = new TidegateError('upstream', `${source} answered the handshake with status ${status}`, {
    expected: '101, Switching Protocols',
    ...(pause === null ? {} : { retryAfterMs: pause }),
  });
  return { error, again: status >= 500 && pause === null };
}

export function silence(ms: number, field: string, { source }: WebSocketSettings): Disconnect {
  const error = new TidegateError('upstream', `${source} was silent for ${ms} ms`, {
    field,
    expected: `a message within ${ms} ms`,
  });
  return { error, again: true };
}

export function unanswered(what: string, { source, answerMs }: WebSocketSettings): Disconnect {
  const error = new TidegateError('upstream', `${source} did not answer ${what} within ${answerMs} ms`, {
    field: 'answerMs',
    expected: `an answer within ${answerMs} ms`,
  });
  return { error, again: true };
}

export function subscriptionRefused({ source }: WebSocketSettings): Disconnect {
  const error = new TidegateError('upstream', `${source} refused the subscription`, {
    field: 'subscribe',
    expected: 'messages that it accepts',
  });
  return { error, again: false };
}

export function overrun({ source }: WebSocketSettings): Disconnect {
  const error = new TidegateError('upstream', `${source} sent faster than its messages could be held`, {
    field: 'budget',
    expected: 'a source that can be slowed down, or bursts that keep up',
  });
  return { error, again: true };
}
