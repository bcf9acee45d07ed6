/** What is subscribed to and where it goes, as subscribers say it and see it. Types alone. */
import type { JsonObject } from '../../base/json.ts';

/** How an event is written for who receives it: as the events extension has it, or as a message of a chat. */
export type BodyShape = 'event' | 'slack' | 'discord';

/** Where deliveries go, as a subscriber names it. */
export type DeliveryTarget =
  | {
      kind: 'webhook';
      /** https. It is kept as it is given, with its query. */
      url: string;
      /** `whsec_` and the base64 of 24 to 64 random bytes. Chats sign nothing, and take any text: null is enough. */
      secret: string | null;
      shape: BodyShape;
    }
  | { kind: 'mqtt'; feed: string; topic: string }
  | { kind: 'task'; task: string };

/** The same without its secret. */
export type ShownTarget =
  | { kind: 'webhook'; url: string; shape: BodyShape }
  | Exclude<DeliveryTarget, { kind: 'webhook' }>;

export interface SubscribeRequest {
  /** The name of an event source: a trigger, or `stream.<name>`. */
  source: string;
  /** As its schema says; absent or null: none. */
  arguments: unknown;
  target: DeliveryTarget;
  /** A position that an earlier answer or delivery told. Null: from now on. */
  cursor: string | null;
  /** Nothing older is delivered, ms. It says nothing where `cursor` is null. Null: however old. */
  maxAgeMs: number | null;
  /** For how long it is asked for. Null: without an end, which the app has to allow. Undefined: as long as the app says. */
  ttlMs: number | null | undefined;
  /** One after another, in the order of the log: none is sent before the one before it is acknowledged or given up. Default: false. */
  ordered?: boolean;
  /** True: the secret of the target was not brought by the caller, so that one which stands stays. Default: false. */
  keepsSecret?: boolean;
}

/** What went wrong, and nothing of what the other side said. */
export type DeliveryFailure =
  | 'connection_refused'
  | 'timeout'
  | 'tls_error'
  /** A redirect, which is not followed. */
  | 'http_3xx'
  | 'http_4xx'
  | 'http_5xx'
  | 'challenge_failed';

export interface DeliveryStatus {
  /** False: nothing is sent until the subscription is refreshed, because nothing was taken for long. */
  active: boolean;
  /** Epoch ms, as all times here; null: nothing was acknowledged yet. */
  lastDeliveryAt: number | null;
  /** Of the last try; null: it was acknowledged. */
  lastError: DeliveryFailure | null;
  /** Since when nothing was acknowledged that was sent; null: the last try was. */
  failedSince: number | null;
  /** How long the receiver asked to be left alone, ms from now; null: it did not. */
  retryAfterMs: number | null;
  /** Events that were sent and not acknowledged, or are to be sent. */
  pending: number;
  /** The newest 100 at most of those that were given up, and why the last one was. Null: none was. */
  givenUp: { events: number; why: string } | null;
}

export interface Subscription {
  /** `sub_…`: made of who subscribes, to what, and where it goes; the same whenever and wherever it is asked for. */
  id: string;
  source: string;
  arguments: JsonObject;
  target: ShownTarget;
  ordered: boolean;
  /** Epoch ms by which it has to be refreshed; null: it does not end. */
  refreshBefore: number | null;
  /** All up to here was acknowledged or given up: safe to keep, and to subscribe with. */
  cursor: string;
  /** Delivery begins later than at the cursor that was given: events were skipped. */
  truncated: boolean;
  status: DeliveryStatus;
  createdAt: number;
  /** True: it stood before, and its secret is the same. */
  keptSecret?: true;
}

/** One try to deliver, for the subscriber. It holds nothing of what was sent or answered. */
export interface DeliveryAttempt {
  /** Epoch ms */
  at: number;
  eventId: string;
  /** From 1 on. */
  attempt: number;
  /** `refused`: the receiver wants it no more (410, 413), or it can never be taken. */
  outcome: 'acknowledged' | 'refused' | DeliveryFailure;
  /** How long it took, ms. */
  ms: number;
  /** Why it can never be taken, in words of this server. Absent: a receiver said so, or it may be taken yet. */
  why?: string;
}

/** An event that was given up. It can be replayed while the log of its source keeps it. */
export interface AbandonedDelivery {
  eventId: string;
  /** Epoch ms at which it was given up. */
  at: number;
  attempts: number;
  reason: 'refused' | 'too_large' | DeliveryFailure;
  /** As of the last try. */
  why?: string;
}
