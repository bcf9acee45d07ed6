/** What is stored of a subscription, but for how far it is delivered (`state.ts`). */
import * as z from 'zod';
import type { Json, JsonObject } from '../../base/json.ts';
import type { Principal } from '../../base/principal.ts';
import { record } from '../../store/record.ts';
import type { Cursor } from '../../store/store.ts';
import type { BodyShape, ShownTarget } from './subscription.ts';

/** Why it ended, in the names that the events extension has for errors. */
export interface SubscriptionEnd {
  reason: 'Forbidden' | 'NotFound' | 'Unsupported' | 'ResourceExhausted';
  data: JsonObject;
  /** Epoch ms */
  at: number;
}

/** What was subscribed to. */
export interface Subscribed {
  /** As it was when it last subscribed. */
  principal: Principal;
  source: string;
  arguments: JsonObject;
  target: ShownTarget;
  /** Sealed to the subscription: a secret, or the url of a chat, whose target has the origin alone. Null: there is nothing secret. */
  secret: string | null;
  /** The secrets before, the newest first, with which deliveries are signed too for a while; `until` is epoch ms. */
  previous: { secret: string; until: number }[];
  ordered: boolean;
  /** Epoch ms, as all times here. */
  createdAt: number;
  refreshedAt: number;
  refreshBefore: number | null;
  /** It is over, and the receiver is being told. Null: it stands. */
  ended: SubscriptionEnd | null;
}

const shapeSchema = z.enum(['event', 'slack', 'discord'] satisfies BodyShape[]);

export const subscribed = record<Subscribed>(
  'subscription',
  () => {
    const time = z.number();
    const object = z.custom<JsonObject>(
      (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    );
    return z.strictObject({
      principal: z.strictObject({
        tenant: z.string(),
        subject: z.string(),
        client: z.string().nullable(),
        scopes: z.array(z.string()),
      }),
      source: z.string(),
      arguments: object,
      target: z.discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('webhook'), url: z.string(), shape: shapeSchema }),
        z.strictObject({ kind: z.literal('mqtt'), feed: z.string(), topic: z.string() }),
        z.strictObject({ kind: z.literal('task'), task: z.string() }),
      ]),
      secret: z.string().nullable(),
      previous: z.array(z.strictObject({ secret: z.string(), until: time })),
      ordered: z.boolean(),
      createdAt: time,
      refreshedAt: time,
      refreshBefore: time.nullable(),
      ended: z
        .strictObject({
          reason: z.enum(['Forbidden', 'NotFound', 'Unsupported', 'ResourceExhausted']),
          data: object,
          at: time,
        })
        .nullable(),
    });
  },
  { version: 2, upgrade: { 1: manyFormer } },
);

/** In version 1 there was one former secret, or null. */
function manyFormer(value: Json): Json {
  const { previous = null, ...rest } = value as JsonObject;
  return { ...rest, previous: previous === null ? [] : [previous] };
}

/** What the follower of a log needs to know of who subscribed to it. */
export interface Subscriber {
  source: string;
  arguments: JsonObject;
  /** It needs nothing of the log before this. Null: the log had no entry. */
  from: Cursor | null;
}

export const subscriber = record<Subscriber>('subscriber of a log', () =>
  z.strictObject({
    source: z.string(),
    arguments: z.custom<JsonObject>((value) => typeof value === 'object' && value !== null),
    from: z.string().nullable(),
  }),
);

/** A record that says nothing but that it is due. */
export const deliveryWake = record<1>('wake of a delivery', () => z.literal(1));

/** That a log has subscribers, and when it is to be followed again. */
export const outboxMark = record<1>('mark of an outbox', () => z.literal(1));

export const subscriptionCount = record<{ count: number }>('count of subscriptions', () =>
  z.strictObject({ count: z.number() }),
);

/** How a receiver confirmed. */
export const verifiedReceiver = record<{ by: 'challenge' | 'document' }>('confirmation of a receiver', () =>
  z.strictObject({ by: z.enum(['challenge', 'document']) }),
);
