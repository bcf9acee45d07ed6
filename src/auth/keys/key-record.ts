/**
 * What is stored of a key: whom it names, what it may do, and a salted hash of its secret. The secret is nowhere.
 *
 * The hash is one SHA-256 of salt and secret. Slow hashes (Argon2, scrypt) are for what people choose, where trying a dictionary
 * is cheaper than trying everything. A secret here has 256 random bits, and nobody tries 2^255 of them, however fast one try
 * is; a slow hash would only make each request slow. The salt keeps equal secrets, which chance never makes, from equal hashes.
 */
import * as z from 'zod';
import { toBase64Url } from '../../base/base64url.ts';
import { sameText, sha256 } from '../../base/digest.ts';
import { APP_TENANT } from '../../base/principal.ts';
import { whenKnown } from '../../base/time/when-known.ts';
import { record } from '../../store/record.ts';
import type { RecordKey } from '../../store/store.ts';

export interface KeyRecord {
  /** The subject of whoever brings the key. Keys of one name and tenant are one caller: a rotated key keeps its tasks. */
  name: string;
  tenant: string;
  scopes: string[];
  /** Epoch ms, as all times here. */
  createdAt: number;
  /** From then on it is refused. Null: never. */
  expiresAt: number | null;
  /** Null: it was not revoked. */
  revokedAt: number | null;
  /** To within an hour; null: it was never used. */
  lastUsedAt: number | null;
  /** 16 random bytes, base64url. */
  salt: string;
  /** SHA-256 of the salt as it stands here and the secret behind it, base64url. */
  hash: string;
}

/** Keys belong to the app, whichever tenant they are for: who brings one has no tenant yet. */
export const KEY_PARTITION = `${APP_TENANT}/key`;

export function keyAt(id: string): RecordKey {
  return { partition: KEY_PARTITION, id };
}

export const keyRecord = record<KeyRecord>('key', () => {
  const time = z.number();
  return z.object({
    name: z.string(),
    tenant: z.string(),
    scopes: z.array(z.string()),
    createdAt: time,
    expiresAt: time.nullable(),
    revokedAt: time.nullable(),
    lastUsedAt: time.nullable(),
    salt: z.string(),
    hash: z.string(),
  });
});

export type KeyState = 'valid' | 'expired' | 'revoked';

export function keyStateAt(
  { revokedAt, expiresAt }: Pick<KeyRecord, 'revokedAt' | 'expiresAt'>,
  now: number,
): KeyState {
  if (revokedAt !== null) return 'revoked';
  return expiresAt !== null && now >= expiresAt ? 'expired' : 'valid';
}

const SALT_BYTES = 16;

type SaltedHash = Pick<KeyRecord, 'salt' | 'hash'>;

/** SHA-256 of a text in UTF-8, base64url. */
export type HashText = (text: string) => string | Promise<string>;

export const hashText: HashText = async (text) => toBase64Url(await sha256(text));

/** Compared with where there is no key of an id, so that this takes as long. No secret has this hash. */
const NOBODY: SaltedHash = { salt: toBase64Url(new Uint8Array(SALT_BYTES)), hash: toBase64Url(new Uint8Array(32)) };

export async function hashSecret(secret: string): Promise<SaltedHash> {
  const salt = toBase64Url(crypto.getRandomValues(new Uint8Array(SALT_BYTES)));
  return { salt, hash: await hashText(salt + secret) };
}

/** @param known null: there is no such key. The same work is done, and the answer is false. */
export function isSecretOf(known: SaltedHash | null, secret: string, hashOf: HashText): boolean | Promise<boolean> {
  const { salt, hash } = known ?? NOBODY;
  return whenKnown(hashOf(salt + secret), (given) => {
    const isSame = sameText(given, hash);
    return isSame && known !== null;
  });
}
