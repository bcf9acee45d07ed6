/** Routes, with the options of the kinds of feed that come with the package. */
import type { FeedRoute } from '../declare/feed.ts';
import type { MqttRoute } from './mqtt-session/options.ts';

/** What a stream may say of its share of a feed of one of our own kinds. Those of `http`, `websocket` and `pull` have no options. */
type BuiltInRoute = MqttRoute;

/**
 * Fills a stream from a feed that the app declares under `feeds`. For a kind of your own, name the type of its route:
 * `from<MyRoute>('sensors', { … })`. `defineApp` checks the options by the specification that the kind brings.
 */
export function from<Route extends object = BuiltInRoute>(
  feed: string,
  options?: NoInfer<Route>,
): FeedRoute<NoInfer<Route> | object> {
  return { kind: 'route', feed, options: options ?? {} };
}
