/** The whole app on a real Redis behind the REST front, with every count of what Redis is asked. */
import * as z from 'zod';
import { connectRedis } from '../../infra/local/redis-connection.ts';
import { openStore, readConfig } from '../../src/store/drivers/open.ts';
import { createHost } from '../../src/hosts/host.ts';
import type { Host } from '../../src/hosts/http-host.ts';
import { nodeRuntime } from '../../src/hosts/node/runtime.ts';
import { type App, defineApp, http as httpFeed, stream } from '../../src/index.ts';
import { ingest, type IngestReport } from '../../src/schedule.ts';
import type { JsonObject } from '../../src/base/json.ts';
import { countCalls, type CountedStore } from '../../src/store/counting.ts';
import type { Deps } from '../../src/streams/deps.ts';
import { json, startHttpSource } from '../services/http-feed.ts';
import { startRedis } from '../services/redis.ts';
import { startUpstash } from '../services/upstash.ts';

/** The last events of a burst happen when it runs, the others in the time since the burst before. */
export const BURST_MS = 10_000;

const Reading = z.object({ id: z.string(), sensor: z.string(), time: z.number(), celsius: z.number() });

export interface Composed {
  deps: Deps;
  http: Pick<Host, 'fetch'>;
  counted: CountedStore;
  /** All lines of its log. */
  logged: JsonObject[];
}

export interface Spent {
  /** Store calls, at the store's own door. */
  calls: number;
  /** Requests at the REST front. */
  requests: number;
  /** EVALSHA, as the engine counted them. */
  scripts: number;
  /** Commits that took effect, as the engine counted them. */
  commits: number;
  /** Commands as the engine counted them that come from outside and are no EVALSHA. */
  others: number;
  /** The last line of the log that tells store calls. */
  logged: JsonObject | null;
}

export interface Accounts {
  compose(name: string, now?: () => number): Promise<Composed>;
  /** `count` events over `keys` sensors at the source of that app, and one burst that takes them in. */
  burst(composed: Composed, count: number, keys: number): Promise<IngestReport>;
  spending(composed: Composed, work: () => Promise<unknown>): Promise<Spent>;
  stop(): Promise<void>;
}

export async function openAccounts(): Promise<Accounts> {
  const redis = await startRedis();
  const front = await startUpstash(redis.url);
  const engine = connectRedis(redis.url);
  const source = await startHttpSource();

  function declare(name: string): App {
    return defineApp({
      name,
      version: '1.0.0',
      description: 'Readings of many sensors',
      streams: {
        readings: stream({
          description: 'Temperatures',
          schema: Reading,
          id: 'id',
          key: 'sensor',
          time: 'time',
          latenessMs: BURST_MS,
          retention: { events: 100_000 },
          feed: httpFeed({ url: `${source.origin}/${name}`, items: '', allow: [source.host], everyMs: 1 }),
        }),
      },
    });
  }

  /** How often the engine ran each command since the last reset. */
  async function commandCounts(): Promise<Map<string, number>> {
    const [reply] = await engine.run([['INFO', 'commandstats']]);
    const text = Buffer.isBuffer(reply) ? reply.toString() : '';
    const found = text.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm);
    return new Map([...found].map(([, command = '', calls]) => [command, Number(calls)]));
  }

  return {
    async compose(name, now = Date.now) {
      const variables = { UPSTASH_REDIS_REST_URL: front.url, UPSTASH_REDIS_REST_TOKEN: front.token };
      const config = readConfig(variables, 'redis');
      const app = declare(name);
      const logged: JsonObject[] = [];
      const runtime = { ...nodeRuntime((_level, message, fields) => void logged.push({ message, ...fields })), now };
      const counted = countCalls(await openStore(config, runtime, app.name));
      const deps: Deps = { app, store: counted.store, runtime };
      return { deps, counted, logged, http: createHost({ ...deps, host: config.host }) };
    },

    burst({ deps }, count, keys) {
      const now = deps.runtime.now();
      const readings = Array.from({ length: count }, (_, at) => {
        const time = Math.round(now - ((count - 1 - at) * BURST_MS) / count);
        return { id: `${now}-${at}`, sensor: `s${at % keys}`, time, celsius: at / 10 };
      });
      source.on(`/${deps.app.name}`, json(readings));
      return ingest(deps, now + 15_000);
    },

    async spending({ counted, logged }, work) {
      counted.reset();
      logged.length = 0;
      const before = front.requests();
      await engine.run([['CONFIG', 'RESETSTAT']]);
      await work();
      const counts = await commandCounts();
      const of = (...commands: string[]) => commands.reduce((sum, command) => sum + (counts.get(command) ?? 0), 0);
      return {
        calls: counted.total(),
        requests: front.requests() - before,
        scripts: of('evalsha'),
        commits: of('set'),
        others: of('eval', 'script|load', 'ping', 'multi', 'exec'),
        logged: logged.findLast(({ storeCalls }) => storeCalls !== undefined) ?? null,
      };
    },

    async stop() {
      await source.close();
      engine.close();
      await front.stop();
      await redis.stop();
    },
  };
}
