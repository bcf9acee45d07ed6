/**
 * The WebSocket feed, which listens in bursts, or without end where the host stays up. Nobody keeps what a WebSocket sends
 * while nobody listens. What was sent between two bursts, or two connections, is read over HTTP (`catchUp`), asked for again (`sequence`), or reported as a gap.
 */
import type { BurstContext, Feed, FeedBatch } from '../../declare/feed.ts';
import { secretsWithin } from '../../declare/secret.ts';
import { declaredPacing } from '../kit/declared-pacing.ts';
import { optionsOf } from '../kit/source-options.ts';
import { describeWebSocket, type WebSocketOptions } from './options.ts';
import { webSocketSettings } from './spec.ts';
import { webSocketProblems } from './problems.ts';

export type {
  CatchUp,
  Hole,
  MessageTest,
  SocketHeartbeat,
  SocketMessage,
  SocketPayload,
  SocketStanding,
  WebSocketOptions,
} from './options.ts';

/**
 * A feed of the messages of a WebSocket. Every stream that takes from it gets every item. On a host that stays up it keeps
 * the connection. Elsewhere a burst listens for all of `budget.timeMs` (20 s); if `everyMs` is no longer than that, it
 * listens almost without pause.
 *
 * - A connection that breaks, is closed or falls silent is made again within the burst, up to `reconnects` times. Close
 *   codes 1008, 1013 and those from 4000 on, and a handshake answered with 429, end the burst instead; 1008, 1013 and 429
 *   make a pause. The feed's last error says what the server said.
 * - The time that nobody listened becomes a `gap` event, reason `not_listening`, in each of the streams. With `catchUp`
 *   there is none, because nothing is missing then; and with ids nothing is stored twice. With `sequence` there is one, reason
 *   `not_resumed`, where the source did not send again what it was asked for, and one, reason `skipped`, where the sequence
 *   counted one by one and then skips some on a connection that stands.
 * - `overflow` decides what becomes of items beyond the budget, unless the source can give them again. On Node a server
 *   that sends faster than its messages are stored is slowed down. On other platforms `overflow` also decides what becomes
 *   of messages that do not fit into 8 MiB, and they make a `gap` event, reason `overflow`.
 */
export function websocket(given: WebSocketOptions): Feed {
  const options = optionsOf(given);
  return {
    kind: 'feed',
    type: 'websocket',
    source: describeWebSocket(options.url),
    secrets: secretsWithin(options),
    pacing: declaredPacing(options),
    replayable: options.sequence !== undefined,
    listens: true,
    problems: (targets) => webSocketProblems(options, targets),
    burst: (context) => burst(options, context),
  };
}

/** Loads the connector with the first burst, so that an app which only declares the feed does not carry it at its start. */
async function* burst(options: WebSocketOptions, context: BurstContext): AsyncGenerator<FeedBatch, void, undefined> {
  const { listen } = await import('./run-burst.ts');
  yield* listen(webSocketSettings(options, context.secret), context);
}
