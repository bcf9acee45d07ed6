/**
 * Logins that were ended before their time. The id of each is kept in the store until its cookie would expire, so that a copy of
 * the cookie is worth nothing. An instance asks the store for a login at most once in half a minute, which is how long a logout
 * takes where another instance took it.
 */
import { APP_TENANT } from '../../base/principal.ts';
import type { Runtime } from '../../base/runtime.ts';
import { CLOCK_SLACK_MS } from '../../base/time/stored-time.ts';
import { isPresent, type RecordKey, type Store } from '../../store/store.ts';
import { takeOnce } from '../../store/take-once.ts';
import { createRecent } from '../recent.ts';
import type { Login } from './login-cookie.ts';

interface EndedLogins {
  /** @throws TidegateError as a read of the store: then nobody knows */
  has(login: Login): Promise<boolean>;
  /** @throws TidegateError as a commit: then the login may still stand */
  add(login: Login): Promise<void>;
}

/** A logout is known after this time, ms. */
const KNOWN_WITHIN_MS = 30_000;
const MOST_LOGINS = 10_000;
const WRITE_MS = 2_000;

export function createEndedLogins(store: Store, runtime: Runtime): EndedLogins {
  const known = createRecent<boolean>(MOST_LOGINS, KNOWN_WITHIN_MS - CLOCK_SLACK_MS);
  return {
    async has({ id }) {
      const now = runtime.now();
      const kept = known.get(id, now);
      if (kept !== undefined) return kept;
      const isEnded = isPresent(await store.get(keyOf(id), now));
      known.set(id, isEnded, now);
      return isEnded;
    },
    async add({ id, expiresAt }) {
      // False says that it had been ended already.
      await takeOnce(runtime, store, keyOf(id), expiresAt, runtime.now() + WRITE_MS);
      known.set(id, true, runtime.now());
    },
  };
}

function keyOf(id: string): RecordKey {
  return { partition: `${APP_TENANT}/logout/${id}`, id: 'ended' };
}
