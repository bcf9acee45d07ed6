/**
 * What can be wrong with a Redis that answers: it evicts keys, or entries of a log are gone from their stream because it
 * did, or because somebody deleted the key. It repairs nothing; retention heals a hole once it trims beyond it.
 */
import { isToCome } from '../../base/time/stored-time.ts';
import { TidegateError } from '../../base/errors.ts';
import type { Log } from '../../base/runtime.ts';
import { PING_MS } from '../limits.ts';
import type { StoreFinding } from '../store.ts';
import type { RedisClient } from './client.ts';

/** For so long a hole stays a finding after a trim has met it. Trims come once a minute. */
const HOLE_MS = 10 * 60_000;

export interface RedisHealth {
  /** Entries of this log are gone. @param now of a trim, epoch ms; null: a reader met it */
  gone(log: string, now: number | null): void;
  /** The oldest entry of this log is there. */
  whole(log: string): void;
  findings(client: RedisClient, now: number): Promise<StoreFinding[]>;
}

/** @param base the text that all keys begin with */
export function createRedisHealth(base: string, log: Log): RedisHealth {
  const holes = new Map<string, number>();
  const told = new Set<string>();
  return {
    gone(name, now) {
      if (now !== null) holes.set(name, now);
      if (told.has(name)) return;
      told.add(name);
      const { message, code, hint } = hole(base, name);
      log('error', message, { store: 'redis', code, hint });
    },
    whole(name) {
      holes.delete(name);
      told.delete(name);
    },
    async findings(client, now) {
      const policy = await evictionOf(client);
      const found: StoreFinding[] =
        policy === null || policy === 'noeviction' ? [] : [{ error: evicts(policy), stops: true }];
      for (const [name, at] of holes)
        if (isToCome(at + HOLE_MS, now, HOLE_MS)) found.push({ error: hole(base, name), stops: false });
      return found;
    },
  };
}

/**
 * Asks once, at the start. @throws TidegateError `invalid_config` for a database that evicts, and for a refused token. Where
 * it cannot ask, it logs a warning.
 */
export async function checkEviction(client: RedisClient, log: Log): Promise<void> {
  const policy = await evictionOf(client).catch((error: unknown) => {
    if (error instanceof TidegateError && error.code === 'invalid_config') throw error;
    return null;
  });
  if (policy === null) {
    log('warn', 'could not check that Redis evicts nothing: eviction must be off, or data is lost', { store: 'redis' });
  } else if (policy !== 'noeviction') throw evicts(policy);
}

/** Null where the engine does not say. */
async function evictionOf(client: RedisClient): Promise<string | null> {
  const memory = await client.command(['INFO', 'memory'], PING_MS);
  return /^maxmemory_policy:(\S+)/m.exec(String(memory))?.[1] ?? null;
}

function evicts(policy: string): TidegateError {
  return new TidegateError('invalid_config', `Redis may evict what is stored (maxmemory-policy ${policy})`, {
    field: 'UPSTASH_REDIS_REST_URL',
    expected: 'a database with eviction off (maxmemory-policy noeviction)',
  });
}

function hole(base: string, name: string): TidegateError {
  const stream = `${base}:e:${name}`;
  return new TidegateError('store_damaged', `entries of the log ${name} are gone from the key ${stream}`, {
    hint:
      'the key was evicted, or somebody deleted it: look at maxmemory-policy, and at who else uses this database. Readers ' +
      'are told that entries are missing; new ones are kept',
  });
}
