/**
 * How a Redis is set up, for `tidegate doctor`: what survives its end, whether copies lag, how full it is, and its clock. Hosted ones
 * keep some of that to themselves. It changes nothing.
 */
import type { EngineFact, Inspecting } from '../driver.ts';
import { asTidegateError } from '../../base/errors.ts';
import { createRedisClient } from './client.ts';

const ASKED_MS = 5_000;
/** Bytes that a copy may be behind before it is told. */
const LAG_BYTES = 1_048_576;
const FULL_SHARE = 0.8;

export async function inspectRedis(
  values: Record<string, unknown>,
  { app, runtime, tellClock }: Inspecting & { app: string },
): Promise<EngineFact[]> {
  const client = await createRedisClient({
    url: String(values['UPSTASH_REDIS_REST_URL']),
    token: String(values['UPSTASH_REDIS_REST_TOKEN']),
    base: `{${app}}`,
    timeoutMs: ASKED_MS,
  });
  const ask = (...words: [string, ...string[]]) => client.command(words, ASKED_MS).catch(asTidegateError);
  const askedAt = runtime.now();
  const time = await ask('TIME');
  const between = (askedAt + runtime.now()) / 2;
  if (Array.isArray(time)) {
    const at = Number(time[0]) * 1_000 + Number(time[1]) / 1_000;
    if (Number.isFinite(at)) tellClock('Redis', at - between);
  }
  const texts: string[] = [];
  for (const section of ['server', 'memory', 'persistence', 'replication', 'cluster', 'stats']) {
    const text = await ask('INFO', section);
    if (typeof text === 'string') texts.push(text);
  }
  return redisFacts(fieldsOf(texts.join('\n')));
}

function fieldsOf(text: string): ReadonlyMap<string, string> {
  return new Map([...text.matchAll(/^([\w-]+):([^\r\n]*)/gm)].map(([, name = '', value = '']) => [name, value.trim()]));
}

/** @param info the lines of INFO by name */
export function redisFacts(info: ReadonlyMap<string, string>): EngineFact[] {
  const version = info.get('redis_version');
  const facts: EngineFact[] = [];
  if (version !== undefined) facts.push({ status: 'ok', what: `Redis ${version}` });
  return [...facts, policy(info), persistence(info), ...replication(info), ...room(info), ...evicted(info)];
}

function policy(info: ReadonlyMap<string, string>): EngineFact {
  const said = info.get('maxmemory_policy');
  if (said === undefined) {
    return {
      status: 'skip',
      what: 'Redis does not say whether it evicts',
      fix: 'turn eviction off where the database is set up',
    };
  }
  if (said === 'noeviction') return { status: 'ok', what: 'it evicts nothing' };
  return {
    status: 'fail',
    what: `it may evict what is stored: maxmemory-policy is ${said}`,
    fix: 'maxmemory-policy noeviction',
  };
}

function persistence(info: ReadonlyMap<string, string>): EngineFact {
  const aof = info.get('aof_enabled');
  if (aof === undefined) return { status: 'skip', what: 'Redis does not say what survives its end' };
  const failed = ['rdb_last_bgsave_status', 'aof_last_write_status', 'aof_last_bgrewrite_status'].find(
    (name) => info.get(name) === 'err',
  );
  if (failed !== undefined) {
    return {
      status: 'fail',
      what: `Redis could not write to its disk: ${failed} is err`,
      fix: 'look at its log and at the room on its disk',
    };
  }
  if (aof === '1') return { status: 'ok', what: 'it writes each change to its append-only file' };
  return {
    status: 'warn',
    what: 'appendonly is off: what came since the last snapshot is lost where Redis ends',
    fix: 'appendonly yes, with appendfsync everysec or always',
  };
}

function replication(info: ReadonlyMap<string, string>): EngineFact[] {
  const role = info.get('role');
  const facts: EngineFact[] = [];
  if (role === 'slave') {
    facts.push({ status: 'fail', what: 'this is a replica, which takes no writes', fix: 'name the primary' });
  }
  if (info.get('cluster_enabled') === '1') {
    facts.push({ status: 'ok', what: 'it is a cluster; all keys of an app stand on one of its shards' });
  }
  const own = Number(info.get('master_repl_offset'));
  const behind = [...info].flatMap(([name, value]) => {
    if (!/^slave\d+$/.test(name)) return [];
    const offset = Number(/offset=(\d+)/.exec(value)?.[1]);
    return Number.isFinite(offset) && own - offset > LAG_BYTES ? [`${name} by ${own - offset} B`] : [];
  });
  if (behind.length > 0) {
    facts.push({
      status: 'warn',
      what: `replicas are behind: ${behind.join(', ')}`,
      why: 'what they do not have yet is lost where the primary fails',
    });
  } else if (role === 'master' && info.has('connected_slaves')) {
    facts.push({
      status: 'ok',
      what: `a primary with ${info.get('connected_slaves')} replicas, none of which is behind`,
    });
  }
  return facts;
}

const mib = (bytes: number) => `${Math.round(bytes / 1_048_576)} MiB`;

function room(info: ReadonlyMap<string, string>): EngineFact[] {
  const [used, most] = [Number(info.get('used_memory')), Number(info.get('maxmemory'))];
  if (!Number.isFinite(used)) return [];
  if (!(most > 0)) return [{ status: 'ok', what: `it holds ${mib(used)}, without a bound of its own` }];
  const isFull = used / most > FULL_SHARE;
  return [
    {
      status: isFull ? 'warn' : 'ok',
      what: `it holds ${mib(used)} of ${mib(most)}`,
      ...(isFull ? { fix: 'a larger database, or a shorter retention' } : {}),
    },
  ];
}

function evicted(info: ReadonlyMap<string, string>): EngineFact[] {
  const count = Number(info.get('evicted_keys') ?? 0);
  if (!(count > 0)) return [];
  return [
    { status: 'warn', what: `it has evicted ${count} keys since it started`, why: 'of this app, or of others in it' },
  ];
}
