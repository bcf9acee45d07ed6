/** The position that a burst leaves for the next one: the session at the broker, and what is known of it. Pure. */
import type { Json, JsonObject } from '../../base/json.ts';
import { fnv1a } from '../../base/digest.ts';
import { brokerOf } from './broker.ts';
import type { Route } from './item.ts';
import { packNumbers, unpackNumbers } from './packed-numbers.ts';
import type { RetainedState } from './retained.ts';

export interface MqttPosition {
  /** The broker had a session of ours when this position was committed. False at QoS 0, which has none. */
  session: boolean;
  /** `host:port`. */
  broker: string;
  clientId: string;
  /** The version that the broker took. */
  protocol: 4 | 5;
  /** Filters that the session was subscribed to. */
  filters: string[];
  /** Whether all retained messages of these filters have been read. */
  settled: boolean;
  /** The retained messages that are known. Null: an earlier release wrote the position. */
  retained: RetainedState | null;
  /** Hashes of the routes that have read the retained messages, packed. Null: an earlier release wrote the position. */
  routes: string | null;
  /** Streams that get messages at QoS 0, as `unkept.ts` writes them. */
  unkept: string;
}

/** Null for a feed that never ran, and for a position that another kind of feed left under the same name. */
export function readPosition(json: Json | null): MqttPosition | null {
  if (json === null || typeof json !== 'object' || Array.isArray(json)) return null;
  const { session, broker, clientId, protocol, filters, settled, retained, routes, unkept } = json;
  if (typeof session !== 'boolean' || typeof broker !== 'string' || typeof clientId !== 'string') return null;
  return {
    session,
    broker,
    clientId,
    protocol: protocol === 4 ? 4 : 5,
    filters: Array.isArray(filters) ? filters.filter((filter) => typeof filter === 'string') : [],
    settled: settled === true,
    retained: readRetained(retained),
    routes: typeof routes === 'string' ? routes : null,
    unkept: typeof unkept === 'string' ? unkept : '',
  };
}

function readRetained(json: Json | undefined): RetainedState | null {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return null;
  const { known, below } = json;
  if (typeof known !== 'string') return null;
  return { known, ...(typeof below === 'number' ? { below } : {}) };
}

/** As the store holds it. Earlier releases pass over what they do not know. */
export function writePosition({ retained, routes, ...position }: MqttPosition): JsonObject {
  return {
    ...position,
    ...(retained === null ? {} : { retained: { ...retained } }),
    ...(routes === null ? {} : { routes }),
  };
}

/** Why events since `before` may be missing; null if none can be. `present`: the broker still had the session. */
export function lossSince(
  before: MqttPosition | null,
  now: { broker: string; clientId: string; present: boolean },
): string | null {
  if (before === null || !before.session) return null;
  if (brokerOf(before.broker) !== brokerOf(now.broker))
    return `the feed moved from broker ${before.broker} to ${now.broker}`;
  if (before.clientId !== now.clientId) return `the clientId changed from ${before.clientId} to ${now.clientId}`;
  return now.present ? null : 'the broker no longer had our session: what it kept for us is lost';
}

export function samePosition(a: MqttPosition | null, b: MqttPosition): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

const routeHash = ({ stream, filter }: Route) => fnv1a(`${stream}\u0000${filter}`);

export function packRoutes(routes: readonly Route[]): string {
  return packNumbers(routes.map(routeHash));
}

/** The streams whose routes had read no retained messages when the position was committed. */
export function freshStreams(routes: readonly Route[], before: MqttPosition | null): ReadonlySet<string> {
  const known = new Set(unpackNumbers(before?.routes ?? ''));
  const isOld = (route: Route) =>
    before?.routes === null ? before.settled && before.filters.includes(route.filter) : known.has(routeHash(route));
  return new Set(routes.filter((route) => !isOld(route)).map(({ stream }) => stream));
}
