/**
 * Names in the store, and the id of a subscription. All that is kept of one stands under its tenant and its owner's subject, but
 * for what the follower of a log lists: that stands where the log does, with the tenant in its id.
 */
import { toBase64Url } from '../../base/base64url.ts';
import { canonicalText, sha256 } from '../../base/digest.ts';
import { APP_TENANT, type Owner } from '../../base/principal.ts';
import type { RecordKey } from '../../store/store.ts';
import type { ShownTarget } from './subscription.ts';

/** Which subscription, of whom. */
export interface SubscriptionName extends Owner {
  id: string;
}

/** The queue of all deliveries that are due, of every tenant. */
export const DELIVERY_QUEUE = `${APP_TENANT}/deliveries`;

const ID = /^sub_[\w-]{22}$/;
const ID_BYTES = 16;

export function isSubscriptionId(text: string): boolean {
  return ID.test(text);
}

/** Where it goes, as one text. */
export function toOf(target: ShownTarget): string {
  if (target.kind === 'webhook') return target.url;
  return target.kind === 'mqtt' ? `${target.feed}:${target.topic}` : target.task;
}

/** Equal for equal owners, places, sources and arguments. @param canonical the arguments as `Selection` has them */
export async function idOfSubscription(
  { tenant, subject }: Owner,
  to: string,
  source: string,
  canonical: string,
): Promise<string> {
  const whole = await sha256(canonicalText(['1', tenant, subject, to, source, canonical]));
  return `sub_${toBase64Url(whole.subarray(0, ID_BYTES))}`;
}

/** What was subscribed to. Written by who subscribes. */
export function subscriptionKey({ tenant, subject, id }: SubscriptionName): RecordKey {
  return { partition: `${tenant}/subscription`, id: `${subject}/${id}` };
}

/** How far it is delivered. Written by who holds its lease. */
export function deliveryKey({ tenant, subject, id }: SubscriptionName): RecordKey {
  return { partition: `${tenant}/delivery`, id: `${subject}/${id}` };
}

/** Says that there is something to look at. Put by whoever knows, deleted by who looks. */
export function wakeKey({ tenant, subject, id }: SubscriptionName): RecordKey {
  return { partition: `${tenant}/delivery-wake`, id: `${subject}/${id}` };
}

/** The subscription that a record of the queue, or of any of the three kinds above, is of. */
export function nameOfDue({ partition, id }: RecordKey): SubscriptionName {
  const [tenant = ''] = partition.split('/');
  const [subject = '', own = ''] = id.split('/');
  return { tenant, subject, id: own };
}

/** Where a subscription stands among those that follow a log. */
export interface SubscriberPlace {
  /** Tenant of the log. */
  place: string;
  stream: string;
  /** Digest of the only key that it selects. Absent: it selects several, or all. */
  ofKey?: string;
}

/** No tenant begins with a space, and everyone of one key stands before everybody else. */
const OF_KEY = ' ';
/** The id after which those are listed who select several keys, or all. */
export const BEHIND_KEYS = `${OF_KEY}~`;
const KEY_BYTES = 9;

/** What the ids of those begin with who select this key alone. */
export async function prefixOfKey(key: string): Promise<string> {
  return `${OF_KEY}${await digestOfKey(key)}/`;
}

/** Undefined: other keys are selected too. @param canonical the arguments as `Selection` has them */
export async function onlyKeyIn(canonical: string): Promise<string | undefined> {
  const { keys } = JSON.parse(canonical) as { keys?: string[] };
  const [key, ...others] = keys ?? [];
  return key === undefined || others.length > 0 ? undefined : digestOfKey(key);
}

async function digestOfKey(key: string): Promise<string> {
  return toBase64Url((await sha256(key)).subarray(0, KEY_BYTES));
}

/** All that follows a log. @param place tenant of the log */
export function subscriberPartition(place: string, stream: string): string {
  return `${place}/subscribers/${stream}`;
}

export function subscriberKey(
  { place, stream, ofKey }: SubscriberPlace,
  { tenant, subject, id }: SubscriptionName,
): RecordKey {
  const before = ofKey === undefined ? '' : `${OF_KEY}${ofKey}/`;
  return { partition: subscriberPartition(place, stream), id: `${before}${tenant}/${subject}/${id}` };
}

export function nameOfSubscriber({ id: whole }: Pick<RecordKey, 'id'>): SubscriptionName {
  const [tenant = '', subject = '', id = ''] = whole.split('/').slice(-3);
  return { tenant, subject, id };
}

/** The queue of the logs that have subscribers. */
export const OUTBOX_QUEUE = `${APP_TENANT}/outboxes`;

/** That a log has subscribers. @param place tenant of the log */
export function outboxKey(place: string, stream: string): RecordKey {
  return { partition: `${place}/outbox`, id: stream };
}

export function placeOfOutbox({ partition }: Pick<RecordKey, 'partition'>): string {
  const [place = ''] = partition.split('/');
  return place;
}

/** How many subscriptions stand: those of one owner, and those of a tenant. */
export function countKeys({ tenant, subject }: Owner): [each: RecordKey, all: RecordKey] {
  const partition = `${tenant}/subscription-count`;
  return [
    { partition, id: `of/${subject}` },
    { partition, id: 'all' },
  ];
}

/** That a receiver confirmed to an owner that it wants to be sent to. @param url digest of the url */
export function verifiedKey({ tenant, subject }: Owner, url: string): RecordKey {
  return { partition: `${tenant}/webhook-verified`, id: `${subject}/${url}` };
}
