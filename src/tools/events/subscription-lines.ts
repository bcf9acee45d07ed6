/** Subscriptions in lines and rows, as the tools show them. They never hold a secret. Pure. */
import type { ShownRow } from '../../calls/halves.ts';
import { jsonText, saidText } from '../../base/plain.ts';
import type { DeliveryAttempt, DeliveryStatus, ShownTarget, Subscription } from '../../deliveries/subscription.ts';

export function targetText(target: ShownTarget): string {
  if (target.kind === 'task') return `task ${target.task}`;
  return target.kind === 'mqtt' ? `topic ${target.topic} of ${target.feed}` : target.url;
}

export function untilText(refreshBefore: number | null): string {
  return refreshBefore === null ? 'without an end' : `until ${isoText(refreshBefore)}`;
}

export function subscriptionRow({
  id,
  source,
  arguments: given,
  target,
  refreshBefore,
  status,
}: Subscription): ShownRow {
  const only = Object.keys(given).length === 0 ? '' : ` ${jsonText(given)}`;
  const item = {
    subscription: id,
    event: source,
    arguments: given,
    to: targetText(target),
    until: refreshBefore === null ? null : isoText(refreshBefore),
    ...shownStatus(status),
  };
  return {
    line: `${id}: ${source}${only} to ${targetText(target)}, ${untilText(refreshBefore)}; ${statusText(status)}`,
    items: [item],
  };
}

export function attemptRow({ at, eventId, attempt, outcome, ms, why }: DeliveryAttempt): ShownRow {
  const reason = why === undefined ? '' : `: ${saidText(why)}`;
  return {
    line: `${isoText(at)}: try ${attempt} of ${eventId}: ${outcome} after ${ms} ms${reason}`,
    items: [{ at: isoText(at), eventId, attempt, outcome, ms, ...(why === undefined ? {} : { why }) }],
  };
}

function shownStatus({ active, lastDeliveryAt, lastError, pending, givenUp }: DeliveryStatus) {
  return {
    active,
    lastDeliveryAt: lastDeliveryAt === null ? null : isoText(lastDeliveryAt),
    lastError,
    pending,
    givenUp,
  };
}

function statusText({ active, lastDeliveryAt, lastError, pending, givenUp }: DeliveryStatus): string {
  const last = lastDeliveryAt === null ? 'nothing was delivered yet' : `last delivered ${isoText(lastDeliveryAt)}`;
  const failed = lastError === null ? '' : `, last error ${lastError}`;
  const waiting = pending === 0 ? '' : `, ${pending} on their way`;
  const lost = givenUp === null ? '' : `, ${givenUp.events} given up (the last: ${saidText(givenUp.why)})`;
  return `${last}${failed}${waiting}${lost}${active ? '' : ', stopped until it is refreshed'}`;
}

function isoText(at: number): string {
  return new Date(at).toISOString();
}
