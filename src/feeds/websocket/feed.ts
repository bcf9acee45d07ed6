/**
 * The WebSocket feed: listens in bursts. Nobody keeps what a WebSocket sends while nobody listens, so what lies between
 * two bursts is read over HTTP (`catchUp`), asked for again (`sequence`), or told of as a gap.
 */
import type { BurstContext, Feed, FeedBatch } from '../../declare/feed.ts';
import { declaredPacing } from '../kit/declared-pacing.ts';
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
 * A feed of the messages of a WebSocket; every stream that takes from it gets every item. A burst listens for all of
 * `budget.timeMs` (20 s): with an `everyMs` of no more than that, it listens all but without pause.
 *
 * - A connection that breaks, is closed or falls silent is made again within the burst, up to `reconnects` times. Close
 *   codes 1008 and 1013 and a handshake answered with 429 end the burst instead, and make a pause.
 * - The time that nobody listened is a `gap` event, reason `not_listening`, in each of the streams. With `sequence` or
 *   `catchUp` there is none: then nothing is missing, and with ids nothing is double.
 * - What is beyond the budget goes by `overflow`, unless it can be had again. A server that sends faster than its messages
 *   are stored is slowed down on Node; where the platform cannot, what does not fit into 8 MiB goes by `overflow` too, and
 *   makes a `gap` event, reason `overflow`.
 */
export function websocket(options: WebSocketOptions): Feed {
  return {
    kind: 'feed',
    type: 'websocket',
    source: describeWebSocket(options.url),
    pacing: declaredPacing(options),
    replayable: options.sequence !== undefined,
    problems: (targets) => webSocketProblems(options, targets),
    burst: (context) => burst(options, context),
  };
}

/** Loads the rest when a burst needs it. */
async function* burst(options: WebSocketOptions, context: BurstContext): AsyncGenerator<FeedBatch, void, undefined> {
  const { listen } = await import('./run-burst.ts');
  yield* listen(webSocketSettings(options), context);
}
