/**
 * How far a subscription is delivered: where it stands in the log of its source, what is on its way, and what became of the last
 * tries. Whoever holds the lease in it writes it, and nobody else; whoever subscribes makes it.
 */
import * as z from 'zod';
import { record } from '../../store/record.ts';
import type { Cursor } from '../../store/store.ts';
import type { SubscriberPlace } from './names.ts';
import type { AbandonedDelivery, DeliveryAttempt, DeliveryFailure, DeliveryStatus } from './subscription.ts';

/** Something that is to be sent, and was not acknowledged yet. */
export interface Pending {
  kind: 'event' | 'gap';
  /** The id of the event; of a gap that of its message. The same with every try. */
  id: string;
  /** The position before its entry, at which it is read again. */
  before: Cursor | null;
  attempts: number;
  /** Epoch ms, as all times here. */
  dueAt: number;
  /** When it was first to be sent. */
  since: number;
}

/** Where it stands in the list of who follows its log has to be known to remove all of it. */
export interface DeliveryState extends SubscriberPlace {
  /** Who has the lease, and until when. */
  holder: string | null;
  until: number;
  /** All before this was looked at. Null: the log had no entry. */
  head: Cursor | null;
  /** In the order of the log. */
  pending: Pending[];
  /** Times in a row that it failed. Tries that were sent at once count as one. */
  failures: number;
  failedSince: number | null;
  /** Nothing is sent before. 0: at once. */
  restUntil: number;
  /** Whether the receiver asked for that rest. */
  asked: boolean;
  /** When it was given up until it is refreshed. */
  suspendedAt: number | null;
  /** Since when this release does not know its source, or what was asked of it. */
  strangeSince: number | null;
  lastDeliveryAt: number | null;
  lastError: DeliveryFailure | null;
  /** The oldest first. */
  attempts: DeliveryAttempt[];
  abandoned: (AbandonedDelivery & { before: Cursor | null })[];
}

const failure = () =>
  z.enum([
    'connection_refused',
    'timeout',
    'tls_error',
    'http_3xx',
    'http_4xx',
    'http_5xx',
    'challenge_failed',
  ] satisfies DeliveryFailure[]);

export const deliveryState = record<DeliveryState>(
  'state of a delivery',
  () => {
    const time = z.number();
    return z.strictObject({
      place: z.string(),
      stream: z.string(),
      ofKey: z.exactOptional(z.string()),
      holder: z.string().nullable(),
      until: time,
      head: z.string().nullable(),
      pending: z.array(
        z.strictObject({
          kind: z.enum(['event', 'gap']),
          id: z.string(),
          before: z.string().nullable(),
          attempts: z.number(),
          dueAt: time,
          since: time,
        }),
      ),
      failures: z.number(),
      failedSince: time.nullable(),
      restUntil: time,
      asked: z.boolean(),
      suspendedAt: time.nullable(),
      strangeSince: time.nullable(),
      lastDeliveryAt: time.nullable(),
      lastError: failure().nullable(),
      attempts: z.array(
        z.strictObject({
          at: time,
          eventId: z.string(),
          attempt: z.number(),
          outcome: z.union([z.enum(['acknowledged', 'refused']), failure()]),
          ms: z.number(),
          why: z.exactOptional(z.string()),
        }),
      ),
      abandoned: z.array(
        z.strictObject({
          eventId: z.string(),
          at: time,
          attempts: z.number(),
          reason: z.union([z.enum(['refused', 'too_large']), failure()]),
          why: z.exactOptional(z.string()),
          before: z.string().nullable(),
        }),
      ),
    });
  },
  // Releases of before do not know redirects, and pass over what met one.
  { version: 2, writtenAs: (state) => (metRedirect(state) ? 2 : 1) },
);

function metRedirect({ lastError, attempts, abandoned }: DeliveryState): boolean {
  const outcomes = [lastError, ...attempts.map(({ outcome }) => outcome), ...abandoned.map(({ reason }) => reason)];
  return outcomes.includes('http_3xx');
}

/** Of a subscription that begins at a position. */
export function newDelivery({ place, stream, ofKey }: SubscriberPlace, head: Cursor | null): DeliveryState {
  return {
    place,
    stream,
    ...(ofKey === undefined ? {} : { ofKey }),
    holder: null,
    until: 0,
    head,
    pending: [],
    failures: 0,
    failedSince: null,
    restUntil: 0,
    asked: false,
    suspendedAt: null,
    strangeSince: null,
    lastDeliveryAt: null,
    lastError: null,
    attempts: [],
    abandoned: [],
  };
}

export function isLeasedState({ holder, until }: Pick<DeliveryState, 'holder' | 'until'>, now: number): boolean {
  return holder !== null && until > now;
}

/** The watermark: all before it was acknowledged or given up. */
export function watermarkOf({ pending: [first], head }: DeliveryState): Cursor | null {
  return first === undefined ? head : first.before;
}

export function statusOf(state: DeliveryState, now: number): DeliveryStatus {
  const { suspendedAt, lastDeliveryAt, lastError, failedSince, restUntil, asked, pending, abandoned } = state;
  const last = abandoned.at(-1);
  return {
    active: suspendedAt === null,
    lastDeliveryAt,
    lastError,
    failedSince,
    retryAfterMs: asked && restUntil > now ? restUntil - now : null,
    pending: pending.length,
    givenUp: last === undefined ? null : { events: abandoned.length, why: last.why ?? last.reason },
  };
}
