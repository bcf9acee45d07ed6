/** `events/subscribe` and `events/unsubscribe`: webhooks, which another room keeps and sends. */
import { isPublic } from '../../base/principal.ts';
import type { EventDialect } from '../../base/json-rpc.ts';
import type { DeliveryService } from '../../deliveries/subscriptions.ts';
import type { DeliveryStatus, Subscription } from '../../deliveries/subscription.ts';
import type { ToolContext } from '../../declare/context.ts';
import { cursorOf, objectOf, type Params, textOf, wrongParameter } from '../wire/params.ts';
import { problem, unsupported } from './errors.ts';
import { isWhole } from './requested.ts';

/** @throws ProtocolError; TidegateError as `DeliveryService` */
export async function subscribeEvents(
  service: DeliveryService | null,
  dialect: EventDialect,
  params: Params,
  { principal, deadline, now }: ToolContext,
): Promise<object> {
  const posts = reached(service, dialect, principal);
  const delivery = objectOf(params, 'delivery');
  const { mode = 'webhook' } = delivery;
  if (typeof mode !== 'string') throw wrongParameter('delivery.mode', 'webhook');
  if (mode !== 'webhook') throw unsupported(dialect, 'deliveryMode', mode, 'events/subscribe is for webhook alone');
  const { ttlMs, maxAgeMs } = params;
  if (maxAgeMs !== undefined && !isWhole(maxAgeMs)) throw wrongParameter('maxAgeMs', 'ms, a whole number, 0 or more');
  const beganAt = now();
  const subscription = await posts.subscribe(
    principal,
    {
      source: textOf(params, 'name'),
      arguments: params['arguments'],
      target: {
        kind: 'webhook',
        url: textOf(delivery, 'url', 'delivery.'),
        secret: textOf(delivery, 'secret', 'delivery.'),
        shape: 'event',
      },
      cursor: cursorOf(params) ?? null,
      maxAgeMs: maxAgeMs ?? null,
      ttlMs: ttlIn(ttlMs),
    },
    deadline,
  );
  return granted(subscription, beganAt);
}

/** @throws ProtocolError; TidegateError as `DeliveryService` */
export async function unsubscribeEvents(
  service: DeliveryService | null,
  dialect: EventDialect,
  params: Params,
  { principal, deadline }: ToolContext,
): Promise<object> {
  const posts = reached(service, dialect, principal);
  const to = textOf(objectOf(params, 'delivery'), 'url', 'delivery.');
  await posts.unsubscribe(principal, { source: textOf(params, 'name'), arguments: params['arguments'], to }, deadline);
  return {};
}

function reached(
  service: DeliveryService | null,
  dialect: EventDialect,
  principal: ToolContext['principal'],
): DeliveryService {
  if (isPublic(principal)) {
    const reason = 'webhooks are for callers whom the server knows; poll, or hold a stream';
    throw problem('Forbidden', dialect, { reason }, reason);
  }
  if (service !== null) return service;
  throw unsupported(dialect, 'deliveryMode', 'webhook', 'this server sends none (TIDEGATE_SECRET is not set)');
}

/** There is no wrong time: what cannot be granted is clamped, and what is none is taken for nothing said. */
function ttlIn(ttlMs: unknown): number | null | undefined {
  return ttlMs === null || (typeof ttlMs === 'number' && Number.isFinite(ttlMs)) ? ttlMs : undefined;
}

function granted({ id, refreshBefore, cursor, truncated, status, createdAt }: Subscription, beganAt: number): object {
  return {
    id,
    refreshBefore: isoOf(refreshBefore),
    cursor,
    truncated,
    // Of a new one there is nothing to tell.
    ...(createdAt < beganAt ? { deliveryStatus: shownStatus(status) } : {}),
  };
}

function shownStatus({ active, lastDeliveryAt, lastError, failedSince, retryAfterMs }: DeliveryStatus): object {
  return {
    active,
    lastDeliveryAt: isoOf(lastDeliveryAt),
    lastError,
    ...(failedSince === null ? {} : { failedSince: isoOf(failedSince) }),
    ...(retryAfterMs === null ? {} : { throttled: true, retryAfterMs }),
  };
}

function isoOf(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
