/**
 * Keys are made, listed and revoked. Who may do that is for the caller to know; the command line is the first, and whoever can
 * write to the store is an operator.
 */
import { TidegateError } from '../../base/errors.ts';
import { isPublic } from '../../base/principal.ts';
import type { Runtime } from '../../base/runtime.ts';
import { isTenantName, safeName, TENANT_EXPECTED } from '../../base/safe-name.ts';
import { isScope } from '../../base/scopes.ts';
import { DAY_MS } from '../../base/time/civil-day.ts';
import { afterConflict, commitSurely } from '../../store/commit.ts';
import { listAll } from '../../store/list-all.ts';
import type { Store } from '../../store/store.ts';
import {
  hashSecret,
  KEY_PARTITION,
  keyAt,
  type KeyRecord,
  keyRecord,
  type KeyState,
  keyStateAt,
} from './key-record.ts';
import { newKey } from './key-text.ts';

export interface KeyDeps {
  store: Store;
  runtime: Runtime;
}

export interface NewKey {
  name: string;
  tenant: string;
  scopes: readonly string[];
  /** Epoch ms; null: it never expires. */
  expiresAt: number | null;
}

/** What may be told of a key. */
export interface KeyFacts extends Omit<KeyRecord, 'salt' | 'hash'> {
  id: string;
  state: KeyState;
}

/** A key that was revoked or has expired is shown this much longer, ms. Then nothing is left of it, and it is refused as unknown. */
const SHOWN_MS = 30 * DAY_MS;
const CREATE_MS = 30_000;
const MOST_SCOPES = 64;
/** Of names: what people call keys by. */
const NAME = /^[\dA-Za-z][\w.@+-]{0,63}$/;
const NAME_EXPECTED = '1 to 64 letters, digits and . _ @ + -, beginning with a letter or digit';

/**
 * @returns the key as its owner has to keep it. Nobody can tell it again.
 * @throws TidegateError `invalid_input` naming what is wrong; `store_unknown` where nobody knows whether it was made
 */
export async function createKey({ store, runtime }: KeyDeps, given: NewKey): Promise<{ text: string; key: KeyFacts }> {
  const { name, tenant, expiresAt } = given;
  const scopes = [...new Set(given.scopes)];
  const now = runtime.now();
  if (!NAME.test(name)) throw wrong('name', name, NAME_EXPECTED);
  if (!isTenantName(tenant)) throw wrong('tenant', tenant, TENANT_EXPECTED);
  // It would be the caller of a server that asks nobody, and own what everyone made there.
  if (isPublic({ tenant, subject: name })) throw wrong('name', name, `another name than ${name} in this tenant`);
  const odd = scopes.find((scope) => !isScope(scope));
  if (odd !== undefined)
    throw wrong('scope', odd, 'visible ASCII characters without quotes and backslashes, 128 at most');
  if (scopes.length === 0 || scopes.length > MOST_SCOPES) {
    throw wrong('scope', String(scopes.length), `1 to ${MOST_SCOPES} scopes`);
  }
  if (expiresAt !== null && !(expiresAt > now)) throw wrong('expires', String(expiresAt), 'a time to come');
  const { id, secret, text } = newKey();
  const made = { name, tenant, scopes, createdAt: now, expiresAt, revokedAt: null, lastUsedAt: null };
  const record: KeyRecord = { ...made, ...(await hashSecret(secret)) };
  const put = keyRecord.put(keyAt(id), record, { expects: null, expiresAt: storedUntil(record) });
  const { status } = await commitSurely(runtime, store, [put], now + CREATE_MS);
  if (status === 'conflict') throw new TidegateError('internal', 'a new key has the id of another');
  return { text, key: factsOf(id, record, now) };
}

/** All keys that are still stored, those of one name together and the newest first. One call to the store for each thousand. */
export async function listKeys(deps: KeyDeps): Promise<KeyFacts[]> {
  const found: KeyFacts[] = [];
  for await (const page of listAll(deps, KEY_PARTITION)) {
    for (const reading of page) found.push(factsOf(reading.id, keyRecord.decode(reading.value), deps.runtime.now()));
  }
  return found.toSorted((a, b) => compare(a.tenant, b.tenant) || compare(a.name, b.name) || b.createdAt - a.createdAt);
}

/**
 * The keys of one tenant.
 * @param tenant its safe name, as that of a principal is: a key says it as it was named
 */
export async function keysOf<Key extends Pick<KeyRecord, 'tenant'>>(
  keys: readonly Key[],
  tenant: string,
): Promise<Key[]> {
  const names = await Promise.all(keys.map((key) => safeName(key.tenant, 'tenant')));
  return keys.filter((_key, at) => names[at] === tenant);
}

/**
 * From half a minute later on nobody takes the key any more. One that was revoked before stays as it is.
 * @throws TidegateError `not_found`; `store_unknown` where nobody knows whether it was revoked
 */
export async function revokeKey({ store, runtime }: KeyDeps, id: string): Promise<KeyFacts> {
  const deadline = runtime.now() + CREATE_MS;
  for (let conflicts = 0; ; conflicts += 1) {
    const now = runtime.now();
    const reading = await store.get(keyAt(id), now);
    const record = keyRecord.read(reading);
    if (record === null) {
      const hint = 'tidegate keys list shows those that there are';
      throw new TidegateError('not_found', `There is no key ${id}`, { field: 'ID', expected: 'the id of a key', hint });
    }
    if (record.revokedAt !== null) return factsOf(id, record, now);
    const revoked = { ...record, revokedAt: now };
    const put = keyRecord.replace(reading, revoked, { expiresAt: storedUntil(revoked) });
    const { status } = await commitSurely(runtime, store, [put], deadline);
    if (status === 'committed') return factsOf(id, revoked, now);
    // Its last use was written meanwhile.
    if (!(await afterConflict(runtime, conflicts, deadline))) {
      throw new TidegateError('store_unknown', `The key ${id} is not revoked: it was written to all the time`);
    }
  }
}

function storedUntil({ expiresAt, revokedAt }: KeyRecord): number | null {
  const ends = [expiresAt, revokedAt].filter((at) => at !== null);
  return ends.length === 0 ? null : Math.min(...ends) + SHOWN_MS;
}

function factsOf(id: string, { salt: _salt, hash: _hash, ...facts }: KeyRecord, now: number): KeyFacts {
  return { id, ...facts, state: keyStateAt(facts, now) };
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

function wrong(field: string, found: string, expected: string): TidegateError {
  const message = `${field}: expected ${expected}, found ${JSON.stringify(found.slice(0, 80))}`;
  return new TidegateError('invalid_input', message, { field, expected });
}
