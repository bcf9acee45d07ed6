/** `subscriptions list|show|end|replay|test`: what is delivered to whom, whoever of the tenant subscribed. */
import * as z from 'zod';
import { isoTime } from '../../base/time/time-text.ts';
import { jsonText, saidText } from '../../base/plain.ts';
import { toOf } from '../../deliveries/records/names.ts';
import { operatorAction } from '../action.ts';
import { ago, table } from '../table.ts';
import { type Owned, ownedSubscriptions, subscriptionsIn, subscriptionWithId } from './owned.ts';

const SubscriptionId = z.string().min(1).max(64).describe('Id of a subscription, sub_…');
const At = z.string().nullable();

const Row = z.object({
  id: z.string(),
  subject: z.string(),
  source: z.string(),
  to: z.string().describe('Without the secret parts of a url'),
  kind: z.string(),
  active: z.boolean(),
  pending: z.number(),
  lastDeliveryAt: At,
  lastError: z.string().nullable(),
  failedSince: At,
  refreshBefore: At,
  createdAt: z.string(),
});

export const subscriptionsList = operatorAction({
  noun: 'subscriptions',
  verb: 'list',
  description: 'All subscriptions of a tenant: of what, to where, by whom, and how their deliveries go.',
  input: z.strictObject({}),
  output: z.object({ subscriptions: z.array(Row) }),
  effect: 'reads',
  each: 'subscriptions',
  async run(_input, context) {
    const subscriptions = [];
    for await (const owned of ownedSubscriptions(context)) subscriptions.push(rowOf(owned));
    return { subscriptions };
  },
  lines({ subscriptions }, now, width) {
    if (subscriptions.length === 0) return ['There are no subscriptions.'];
    const rows = subscriptions.map(({ id, subject, source, to, active, pending, lastDeliveryAt, lastError }) => [
      id,
      subject,
      source,
      active ? (lastError ?? 'ok') : 'stopped',
      String(pending),
      lastDeliveryAt === null ? 'never' : `${ago(Date.parse(lastDeliveryAt), now)} ago`,
      to,
    ]);
    return table([['ID', 'WHO', 'SOURCE', 'STATE', 'PENDING', 'LAST', 'TO'], ...rows], width);
  },
});

export const subscriptionsShow = operatorAction({
  noun: 'subscriptions',
  verb: 'show',
  description: 'A subscription with its last tries, and what was given up.',
  input: z.strictObject({ id: SubscriptionId }),
  words: ['id'],
  output: Row.extend({
    arguments: z.record(z.string(), z.unknown()),
    ordered: z.boolean(),
    attempts: z.array(
      z.object({
        at: z.string(),
        eventId: z.string(),
        attempt: z.number(),
        outcome: z.string(),
        ms: z.number(),
        why: z.string().optional(),
      }),
    ),
    abandoned: z.array(
      z.object({
        at: z.string(),
        eventId: z.string(),
        attempts: z.number(),
        reason: z.string(),
        why: z.string().optional(),
      }),
    ),
  }),
  effect: 'reads',
  async run({ id }, context) {
    const owned = await subscriptionWithId(context, id);
    const { attempts, abandoned } = await subscriptionsIn(context).deliveries(owned.owner, id);
    return {
      ...rowOf(owned),
      arguments: owned.subscription.arguments,
      ordered: owned.subscription.ordered,
      attempts: attempts.map((one) => ({ ...one, at: isoTime(one.at) })),
      abandoned: abandoned.map((one) => ({ ...one, at: isoTime(one.at) })),
    };
  },
  lines: ({ id, subject, source, to, active, pending, refreshBefore, attempts, abandoned, arguments: given }) => [
    `${id}  ${source} ${jsonText(given)} to ${to}, of ${subject}`,
    `  ${active ? 'active' : 'stopped until it is refreshed'}, ${pending} pending${refreshBefore === null ? '' : `, to be refreshed before ${refreshBefore}`}`,
    ...attempts.map(
      ({ at, eventId, attempt, outcome, ms, why = '' }) =>
        `  ${at}  ${eventId}  try ${attempt}: ${outcome}, ${ms} ms${why && `: ${saidText(why)}`}`,
    ),
    ...abandoned.map(
      ({ at, eventId, attempts: tries, reason, why = '' }) =>
        `  ${at}  ${eventId}  given up after ${tries}: ${reason}${why && `, ${saidText(why)}`}`,
    ),
  ],
});

export const subscriptionsEnd = operatorAction({
  noun: 'subscriptions',
  verb: 'end',
  description:
    'Ends a subscription: nothing is sent any more that is not on its way already. Its owner may subscribe again.',
  input: z.strictObject({ id: SubscriptionId }),
  words: ['id'],
  output: z.object({ id: z.string(), subject: z.string(), source: z.string() }),
  effect: 'destroys',
  warning: ({ id }) => `This ends the subscription ${id}.`,
  async run({ id }, context) {
    const { owner, subscription } = await subscriptionWithId(context, id);
    await subscriptionsIn(context).unsubscribe(owner, { id }, context.deadline);
    return { id, subject: owner.subject, source: subscription.source };
  },
  lines: ({ id, subject, source }) => [`${id} of ${subject}, for ${source}, is ended`],
});

export const subscriptionsReplay = operatorAction({
  noun: 'subscriptions',
  verb: 'replay',
  description: 'Sends again what was given up of a subscription, all of it or some events.',
  input: z.strictObject({
    id: SubscriptionId,
    event: z.array(z.string().min(1).max(512)).max(100).optional().describe('Only these events. Default: all'),
  }),
  words: ['id'],
  output: z.object({ id: z.string(), replayed: z.number() }),
  effect: 'changes',
  async run({ id, event = null }, context) {
    const { owner } = await subscriptionWithId(context, id);
    return { id, replayed: await subscriptionsIn(context).replay(owner, id, event, context.deadline) };
  },
  lines: ({ id, replayed }) => [`${replayed} events of ${id} are sent again`],
});

export const subscriptionsTest = operatorAction({
  noun: 'subscriptions',
  verb: 'test',
  description: 'Sends an event of a made-up id to a subscription, once, and tells what became of it.',
  input: z.strictObject({ id: SubscriptionId }),
  words: ['id'],
  output: z.object({
    id: z.string(),
    eventId: z.string(),
    outcome: z.string(),
    ms: z.number(),
    why: z.string().optional(),
  }),
  effect: 'changes',
  failed: ({ outcome }) => (outcome === 'acknowledged' ? null : outcome),
  async run({ id }, context) {
    const { owner } = await subscriptionWithId(context, id);
    const deadline = Math.min(context.deadline, context.deps.runtime.now() + 60_000);
    const { eventId, outcome, ms, why } = await subscriptionsIn(context).test(owner, id, deadline);
    return { id, eventId, outcome, ms, ...(why === undefined ? {} : { why }) };
  },
  lines: ({ id, eventId, outcome, ms, why = '' }) => [
    `${id}: ${eventId} was ${outcome}, ${ms} ms${why && `: ${saidText(why)}`}`,
  ],
});

function rowOf({ owner, subscription }: Owned) {
  const { id, source, target, status, refreshBefore, createdAt } = subscription;
  return {
    id,
    subject: owner.subject,
    source,
    to: toOf(target),
    kind: target.kind,
    active: status.active,
    pending: status.pending,
    lastDeliveryAt: at(status.lastDeliveryAt),
    lastError: status.lastError,
    failedSince: at(status.failedSince),
    refreshBefore: at(refreshBefore),
    createdAt: isoTime(createdAt),
  };
}

function at(time: number | null): string | null {
  return time === null ? null : isoTime(time);
}
