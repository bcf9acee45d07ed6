/** A store that counts its reads and commits, and a clock that the test sets, for tests of keys. */
import { systemRuntime } from '../../../src/base/runtime.ts';
import { createKeyIdentifier } from '../../../src/auth/keys/identifier.ts';
import { createKey, type NewKey } from '../../../src/auth/keys/manage.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import type { Store } from '../../../src/store/store.ts';

export const START = Date.parse('2026-11-20T12:00:00Z');

export function keyStage(inner: Store = createMemoryStore()) {
  const clock = { time: START };
  const calls = { get: 0, commit: 0 };
  const broken: { by: Error | null; commits: Error | null } = { by: null, commits: null };
  const lines: string[] = [];
  const runtime = {
    ...systemRuntime((level, message) => void lines.push(`${level} ${message}`)),
    now: () => clock.time,
  };
  const store: Store = {
    ...inner,
    async get(...given) {
      calls.get += 1;
      if (broken.by !== null) throw broken.by;
      return inner.get(...given);
    },
    async commit(...given) {
      calls.commit += 1;
      if (broken.commits !== null) throw broken.commits;
      return inner.commit(...given);
    },
  };
  const deps = { store, runtime };
  return {
    deps,
    clock,
    calls,
    broken,
    lines,
    /** Of an instance of its own, which has read nothing. */
    instance: (environmentKey: string | null = null) => createKeyIdentifier(deps, { environmentKey }),
    create: (given: Partial<NewKey> = {}) =>
      createKey(deps, { name: 'ci', tenant: 'acme', scopes: ['streams:read', 'tasks'], expiresAt: null, ...given }),
  };
}

/** A key with the id of the first and the secret of the second, whose form is right. */
export function withSecretOf(text: string, other: string): string {
  const base = `${text.slice(0, 20)}${other.slice(20, -6)}`;
  return `${base}${checkFor(base)}`;
}

/** FNV-1a in base 62, written anew. */
export function checkFor(text: string): string {
  let hash = 0x811c9dc5;
  for (const character of text) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193);
  const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
  let rest = hash >>> 0;
  let made = '';
  for (let at = 0; at < 6; at += 1) {
    made = (digits[rest % 62] ?? '') + made;
    rest = Math.floor(rest / 62);
  }
  return made;
}
