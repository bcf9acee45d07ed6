/** What a connection of an MQTT session can do, as `session.ts` makes it. Types alone. */
import type { IPublishPacket } from 'mqtt-packet';
import type { Publication } from './packets.ts';

export interface SessionClock {
  now(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export interface Session {
  /** Whether the broker still had this session. */
  readonly present: boolean;
  /** Whether publications carry the identifiers of the subscriptions that they match. */
  readonly identifies: boolean;
  /** For how long the broker keeps the session; null where the broker does not say. */
  readonly expirySeconds: number | null;
  /**
   * The most that the broker accepts from us: QoS, retained messages, bytes of a packet, publications before it acknowledged the
   * first (null: MQTT 3.1.1 has no such bound).
   */
  readonly takes: { qos: number; retain: boolean; packetBytes: number; receiveMaximum: number | null };
  /**
   * Subscribes to filters, of which some may be subscribed to already, and unsubscribes from others. It resolves when that
   * is sent. What the broker answers is read by `granted` and `receive`, which throw `upstream` where it grants less.
   */
  subscribe(filters: readonly string[], options: SubscribeOptions): Promise<void>;
  /** Resolves when the broker has granted all that was asked for. Throws `upstream` when it has not in time. */
  granted(): Promise<void>;
  /** Whether the broker has granted all that was asked for. */
  isGranted(): boolean;
  /**
   * The next publications, in order; empty after `waitMs` without any, and when `wake` aborts. Throws `upstream` when the
   * connection is over.
   */
  receive(waitMs: number, wake?: AbortSignal): Promise<Publication[]>;
  /** Sends a PUBACK for each of these packet ids, in one write. */
  acknowledge(messageIds: readonly number[]): Promise<void>;
  /**
   * Sends a PUBLISH once. At QoS 1 it resolves with the broker's PUBACK; it waits `waitMs` for that, or by default as
   * long as for any answer. At QoS 0 it resolves with null when the platform has taken the bytes. Publications that come
   * meanwhile are kept for `receive`. If it throws, the message may or may not have been published.
   */
  publish(message: Omit<IPublishPacket, 'cmd' | 'dup' | 'messageId'>, waitMs?: number): Promise<PublishAck | null>;
  /** Sends DISCONNECT and closes. The broker keeps the session unless `forget` is true. It never throws. */
  end(forget?: boolean): Promise<void>;
}

interface SubscribeOptions {
  qos: 0 | 1;
  /** Filters to unsubscribe from. */
  without?: readonly string[];
  /**
   * True: the broker is asked for its retained messages. False (MQTT 5): it is not. MQTT 3.1.1 always asks.
   */
  asks: boolean;
}

interface PublishAck {
  /** The reason code of MQTT 5; always 0 with MQTT 3.1.1, which has none. */
  code: number;
  /** The broker's text beside the code; often empty. */
  said: string;
}

/** The broker does not speak the version that CONNECT named. */
export interface VersionRefused {
  refused: 'version';
}
