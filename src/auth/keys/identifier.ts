/**
 * Who brings a key. What is stored of a key is kept in memory for less than half a minute, which is how long a revocation takes,
 * and the secret is compared with its hash on every request. So a wrong secret costs no call to the store where the key is
 * known, and nothing of a secret is kept. Ids that do not exist are remembered apart, so that they drive out no key, and reads for
 * them are rationed.
 *
 * A key of the environment is beside them, for the simplest start.
 */
import { sameText } from '../../base/digest.ts';
import { APP_TENANT, fixedPrincipal } from '../../base/principal.ts';
import { EVERY_SCOPE } from '../../base/scopes.ts';
import { CLOCK_SLACK_MS, watchedClock } from '../../base/time/stored-time.ts';
import { whenKnown } from '../../base/time/when-known.ts';
import type { Reading } from '../../store/store.ts';
import type { Identified, Identifier } from '../identify.ts';
import { createRecent } from '../recent.ts';
import { createStrangers } from '../strangers.ts';
import { type HashText, hashText, isSecretOf, keyAt, type KeyRecord, keyRecord, keyStateAt } from './key-record.ts';
import { KEY_PREFIX, readKey } from './key-text.ts';
import type { KeyDeps } from './manage.ts';

interface KeyOptions {
  /** `TIDEGATE_KEY`: whoever brings it may do everything. Null: there is none. */
  environmentKey: string | null;
}

/** A revocation is known after this time, ms. */
export const REVOKED_WITHIN_MS = 30_000;
/** A clock that is set back by less than its slack is not noticed, and keeps what it knows by as much longer. */
const KEPT_MS = REVOKED_WITHIN_MS - CLOCK_SLACK_MS;
const MOST_KEYS = 5_000;
const MOST_UNKNOWN = 1_000;
/** Of ids that do not exist. */
const RATION = { most: 500, perSecond: 50 };
/** The last use is written once in this time, ms. */
const USED_EACH_MS = 3_600_000;
/** Longer than this no request waits for it, ms. */
const USED_WITHIN_MS = 1_000;
/** No key of the store has the subject of the environment's without an operator who names it so. */
const ENVIRONMENT = fixedPrincipal({ tenant: APP_TENANT, subject: 'key', client: null, scopes: [EVERY_SCOPE] });

interface Known {
  reading: Reading;
  record: KeyRecord;
  /** The same object for as long as the key is kept, so that what is made of it is made once. */
  identified: Identified;
  /** Whether its last use was looked at since it was read. */
  isUsed: boolean;
}

/** Errors of `identify` are those of a read of the store, and `overloaded` where too many invented ids were tried of late. */
export function createKeyIdentifier({ store, runtime }: KeyDeps, { environmentKey }: KeyOptions): Identifier {
  const hashOf: HashText = runtime.sha256 ?? hashText;
  let environmentHash: string | null = null;
  const keys = createRecent<Known>(MOST_KEYS, KEPT_MS);
  const unknown = createRecent<null>(MOST_UNKNOWN, KEPT_MS);
  const strangers = createStrangers(RATION);
  const clock = watchedClock(
    () => runtime.now(),
    () => {
      keys.clear();
      unknown.clear();
    },
  );

  function find(id: string): Known | null | Promise<Known | null> {
    const now = clock();
    const kept = keys.get(id, now) ?? unknown.get(id, now);
    return kept === undefined ? read(id, now) : kept;
  }

  /** Requests that meet at a key that is not known read it each: on Workers none may wait for what another began. */
  async function read(id: string, now: number): Promise<Known | null> {
    strangers.admit(id, now);
    const reading = await store.get(keyAt(id), now);
    const record = keyRecord.read(reading);
    strangers.answered(id, record !== null, now);
    if (record === null) {
      unknown.set(id, null, now);
      return null;
    }
    const { tenant, name, scopes } = record;
    const principal = fixedPrincipal({ tenant, subject: name, client: `${KEY_PREFIX}${id}`, scopes });
    const known: Known = { reading, record, identified: { ok: true, principal }, isUsed: false };
    keys.set(id, known, now);
    return known;
  }

  /** Null: there is nothing to note. The request waits for it, since on some platforms nothing goes on behind an answer. */
  function noteUse(known: Known): Promise<void> | null {
    const { record } = known;
    const now = runtime.now();
    if (known.isUsed || (record.lastUsedAt !== null && Math.abs(now - record.lastUsedAt) < USED_EACH_MS)) return null;
    known.isUsed = true;
    return writeUse(known, now);
  }

  /** It never fails for it. */
  async function writeUse({ reading, record }: Known, now: number): Promise<void> {
    const expiresAt = 'expiresAt' in reading ? reading.expiresAt : null;
    try {
      // A key that was revoked or used elsewhere meanwhile has another version, and is not written to.
      const put = keyRecord.replace(reading, { ...record, lastUsedAt: now }, { expiresAt });
      await store.commit([put], { id: runtime.newId(), now, deadline: now + USED_WITHIN_MS });
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      runtime.log('warn', `the last use of a key is not written: ${reason}`, { key: record.name });
    }
  }

  async function isEnvironmentKey(credential: string, key: string): Promise<boolean> {
    environmentHash ??= await hashOf(key);
    return sameText(await hashOf(credential), environmentHash);
  }

  function judged(known: Known | null, isRight: boolean): Identified | Promise<Identified> {
    if (known === null) return refused('there is no such key');
    const { record, identified } = known;
    const { name } = record;
    if (!isRight) return refused(`the secret of a key of ${name} is wrong`);
    const state = keyStateAt(record, runtime.now());
    if (state !== 'valid') return refused(`a key of ${name} is ${state}`, `it is ${state}`);
    const noting = noteUse(known);
    return noting === null ? identified : noting.then(() => identified);
  }

  function identifyKey(credential: string): Identified | Promise<Identified> {
    const key = readKey(credential);
    if (key === null) return refused('what begins like a key is none', 'it is no whole key, or has a slip');
    return whenKnown(find(key.id), (known) =>
      whenKnown(isSecretOf(known?.record ?? null, key.secret, hashOf), (isRight) => judged(known, isRight)),
    );
  }

  return {
    mode: 'keys',
    // Looks at every character. It only chooses who is asked: `identify` decides by hashes.
    takes: (credential) =>
      credential.startsWith(KEY_PREFIX) || (environmentKey !== null && sameText(credential, environmentKey)),
    identify(credential) {
      if (environmentKey === null) return identifyKey(credential);
      return isEnvironmentKey(credential, environmentKey).then((isIt) =>
        isIt ? { ok: true, principal: ENVIRONMENT } : identifyKey(credential),
      );
    },
  };
}

function refused(reason: string, told?: string): Identified {
  return { ok: false, error: 'invalid_token', reason, ...(told === undefined ? {} : { told }) };
}
