/**
 * Credentials of a fuzz run: keys of callers who may do much, little and nothing, and what is no key. A request that brings
 * one that is not valid may have no other answer than 401.
 */
import { createKeyIdentifier } from '../../src/auth/keys/identifier.ts';
import { createKey, type KeyDeps, revokeKey } from '../../src/auth/keys/manage.ts';
import { createAuthenticate } from '../../src/http/authenticate.ts';
import { createChallenges } from '../../src/http/challenge.ts';
import type { Authenticate } from '../../src/http/authenticate.ts';
import type { Random } from './arguments.ts';

export interface Credential {
  /** The value of `Authorization`; null: there is none. */
  header: string | null;
  /** Whether anybody is behind it. */
  isValid: boolean;
}

export interface Credentials {
  authenticate: Authenticate;
  /** Makes the keys. It has to be called once, before the first request. */
  make(): Promise<void>;
  /** The one that may do everything. */
  right(): Credential;
  /** Mostly a right one. */
  next(random: Random): Credential;
}

const SCOPES = [
  ['*'],
  ['*'],
  ['streams:read', 'tasks'],
  ['streams:read:ticks'],
  ['streams:publish:pushed'],
  ['admin'],
  ['openid'],
];
const WRONG = [
  '',
  'Bearer',
  'Bearer ',
  'Basic dGc6dGc=',
  'Bearer tg_',
  `Bearer tg_${'a'.repeat(20_000)}`,
  'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ.',
  'Bearer null',
  'Bearer a, Bearer b',
  'bearer\ttg_x',
  'DPoP tg_x',
];

const bearer = (text: string, isValid: boolean): Credential => ({ header: `Bearer ${text}`, isValid });

export function createCredentials(deps: KeyDeps): Credentials {
  const keys: string[] = [];
  let revoked = '';
  function wrong(random: Random): Credential {
    const key = keys[random(keys.length)] ?? '';
    switch (random(4)) {
      case 0:
        return { header: null, isValid: false };
      case 1:
        return bearer(revoked, false);
      case 2: {
        const at = random(key.length);
        const other = key[at] === 'x' ? 'y' : 'x';
        return bearer(`${key.slice(0, at)}${other}${key.slice(at + 1)}`, false);
      }
      default:
        return { header: WRONG[random(WRONG.length)] ?? '', isValid: false };
    }
  }

  return {
    authenticate: createAuthenticate(
      [createKeyIdentifier(deps, { environmentKey: null })],
      createChallenges(),
      deps.runtime,
    ),
    async make() {
      for (const [index, scopes] of SCOPES.entries()) {
        const made = await createKey(deps, {
          name: `caller-${index}`,
          tenant: `tenant-${index % 3}`,
          scopes,
          expiresAt: null,
        });
        keys.push(made.text);
      }
      const gone = await createKey(deps, { name: 'gone', tenant: 'tenant-0', scopes: ['*'], expiresAt: null });
      await revokeKey(deps, gone.key.id);
      revoked = gone.text;
    },
    right: () => bearer(keys[0] ?? '', true),
    next(random) {
      if (random(5) === 0) return wrong(random);
      return bearer(keys[random(3) === 0 ? random(keys.length) : random(2)] ?? '', true);
    },
  };
}
