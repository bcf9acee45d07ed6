/** The secrets of webhooks, as they are kept: sealed to the subscription, so that no copy of the store signs anything. */
import * as z from 'zod';
import type { Sealer } from '../../base/seal.ts';
import { sealedText } from '../../base/sealed-text.ts';
import type { SubscriptionName } from './names.ts';
import type { Subscribed } from './subscribed.ts';
import { secretBytes } from './standard-webhooks.ts';

/** How long deliveries are signed with the former secret too, once it is replaced, ms. */
export const ROTATION_MS = 5 * 60_000;

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

/** With which a delivery is signed now, the current one first. Null: the current one cannot be opened. */
export async function signingSecrets(
  sealer: Sealer | null,
  name: SubscriptionName,
  { secret, previous }: Pick<Subscribed, 'secret' | 'previous'>,
  now: number,
): Promise<Uint8Array<ArrayBuffer>[] | null> {
  if (secret === null) return [];
  const current = await openSecret(sealer, name, secret, now);
  const bytes = current === null ? null : secretBytes(current);
  if (bytes === null) return null;
  if (previous === null || previous.until <= now) return [bytes];
  const former = await openSecret(sealer, name, previous.secret, now);
  const more = former === null ? null : secretBytes(former);
  return more === null ? [bytes] : [bytes, more];
}

function boundTo({ tenant, subject, id }: SubscriptionName): string {
  return JSON.stringify([tenant, subject, id]);
}
