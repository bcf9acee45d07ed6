/**
 * The secrets of webhooks, and the urls of chats, as they are kept: sealed to the subscription, so that no copy of the store signs
 * or writes anything.
 */
import * as z from 'zod';
import type { Sealer } from '../../base/seal.ts';
import { sealedText } from '../../base/sealed-text.ts';
import type { SubscriptionName } from './names.ts';
import type { Subscribed } from './subscribed.ts';
import type { ShownTarget } from './subscription.ts';
import { secretBytes } from './standard-webhooks.ts';

/** How long deliveries are signed with a former secret too, once it is replaced, ms. */
export const ROTATION_MS = 5 * 60_000;

/** Most former secrets that sign beside the current one. */
export const MOST_FORMER = 2;

const webhookSecret = sealedText('secret of a webhook', () => z.string());

export function sealSecret(sealer: Sealer, name: SubscriptionName, secret: string): Promise<string> {
  return webhookSecret.seal(sealer, secret, { bound: boundTo(name), expiresAt: null });
}

/** Null: it was sealed with a secret of the server that is known no more. */
export async function openSecret(
  sealer: Sealer | null,
  name: SubscriptionName,
  sealed: string,
  now: number,
): Promise<string | null> {
  const opened = sealer === null ? null : await webhookSecret.open(sealer, sealed, boundTo(name), now);
  return opened?.ok ? opened.value : null;
}

/** What was sealed, as it is needed to send. */
interface OpenedTarget {
  target: ShownTarget;
  /** With which it is signed now, the current one first. */
  secrets: Uint8Array<ArrayBuffer>[];
}

/** Null: what was sealed cannot be opened. */
export async function openTarget(
  sealer: Sealer | null,
  name: SubscriptionName,
  { target, secret, previous }: Pick<Subscribed, 'target' | 'secret' | 'previous'>,
  now: number,
): Promise<OpenedTarget | null> {
  if (secret === null) return { target, secrets: [] };
  const current = await openSecret(sealer, name, secret, now);
  if (current === null) return null;
  if (isSecretUrl(target)) return { target: { ...target, url: current }, secrets: [] };
  const bytes = secretBytes(current);
  if (bytes === null) return null;
  const standing = previous.filter(({ until }) => until > now);
  const former = await Promise.all(standing.map((one) => openSecret(sealer, name, one.secret, now)));
  const more = former.map((text) => (text === null ? null : secretBytes(text))).filter((one) => one !== null);
  return { target, secrets: [bytes, ...more] };
}

/** Whoever knows the url of a chat can write there, so it is kept as secrets are. */
function isSecretUrl(target: ShownTarget): target is ShownTarget & { kind: 'webhook' } {
  return target.kind === 'webhook' && target.shape !== 'event';
}

/** A target as it stands in the store, and as its owner sees it. */
export function withoutSecretUrl(target: ShownTarget): ShownTarget {
  return isSecretUrl(target) ? { ...target, url: `${new URL(target.url).origin}/…` } : target;
}

function boundTo({ tenant, subject, id }: SubscriptionName): string {
  return JSON.stringify([tenant, subject, id]);
}
