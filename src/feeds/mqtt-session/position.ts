/** The position that a burst leaves for the next one: the session at the broker, and its subscriptions. Pure. */
import type { Json } from '../../base/json.ts';
import { brokerOf } from './broker.ts';

export interface MqttPosition {
  /** The broker had a session of ours when this position was committed. */
  session: true;
  /** `host:port`. */
  broker: string;
  clientId: string;
  /** The version that the broker took. */
  protocol: 4 | 5;
  /** Filters that the session was subscribed to. */
  filters: string[];
  /** Whether all retained messages of these filters have been read. */
  settled: boolean;
}

/** Null for a feed that never ran, and for a position that another kind of feed left under the same name. */
export function readPosition(json: Json | null): MqttPosition | null {
  if (json === null || typeof json !== 'object' || Array.isArray(json)) return null;
  const { session, broker, clientId, protocol, filters, settled } = json;
  if (session !== true || typeof broker !== 'string' || typeof clientId !== 'string') return null;
  return {
    session,
    broker,
    clientId,
    protocol: protocol === 4 ? 4 : 5,
    filters: Array.isArray(filters) ? filters.filter((filter) => typeof filter === 'string') : [],
    settled: settled === true,
  };
}

/** Why events since `before` may be missing; null if none can be. `present`: the broker still had the session. */
export function lossSince(
  before: MqttPosition | null,
  now: { broker: string; clientId: string; present: boolean },
): string | null {
  if (before === null) return null;
  if (brokerOf(before.broker) !== brokerOf(now.broker))
    return `the feed moved from broker ${before.broker} to ${now.broker}`;
  if (before.clientId !== now.clientId) return `the clientId changed from ${before.clientId} to ${now.clientId}`;
  return now.present ? null : 'the broker no longer had our session: what it kept for us is lost';
}

export function samePosition(a: MqttPosition | null, b: MqttPosition): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
