/** The options with which a stream takes its share of an MQTT feed. */
import type { FeedTarget, RouteKind } from '../../declare/feed.ts';
import type { MqttRoute } from './options.ts';
import { mqttRouteSpec } from './spec.ts';

export const mqttRoutes: RouteKind = {
  spec: mqttRouteSpec,
  isKeyed: ({ keyLevel }: MqttRoute) => keyLevel !== undefined,
};

/** The options of a target's route, which `mqttRouteSpec` has checked; empty if the feed stands in its one stream. */
export function routeOf({ route }: FeedTarget): MqttRoute {
  return route ?? {};
}
