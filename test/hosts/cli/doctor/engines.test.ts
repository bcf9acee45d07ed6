/** `tidegate doctor` at real engines and a real broker: how they are set up, what publishers send, and that nothing is left there. */
import * as z from 'zod';
import { describe, expect, onTestFinished, test } from 'vitest';
import { from, mqtt, stream } from '../../../../src/index.ts';
import { createMemoryStore } from '../../../../src/store/drivers/memory.ts';
import { ingest } from '../../../../src/feeds/run/run.ts';
import { nodeRuntime } from '../../../../src/hosts/node/runtime.ts';
import { tableFacts } from '../../../../src/store/dynamodb/inspect.ts';
import { redisFacts } from '../../../../src/store/redis/inspect.ts';
import { requireService } from '../../../services/available.ts';
import { startMosquitto } from '../../../services/mosquitto.ts';
import { startRedis } from '../../../services/redis.ts';
import { startUpstash } from '../../../services/upstash.ts';
import { startDynamo } from '../../../services/dynamodb.ts';
import { publishOver, readSys } from './broker-client.ts';
import { appOfTest, runDoctor } from './doctor-run.ts';

const facts = (lines: Record<string, string>) =>
  redisFacts(new Map(Object.entries(lines))).map(({ status, what }) => `${status} ${what}`);

async function redis(settings: string[]) {
  const server = await startRedis(settings);
  onTestFinished(() => server.stop());
  const front = await startUpstash(server.url);
  onTestFinished(() => front.stop());
  return { STORE: 'redis', UPSTASH_REDIS_REST_URL: front.url, UPSTASH_REDIS_REST_TOKEN: front.token };
}

describe.skipIf(!requireService('redis'))('Redis (needs redis-server)', () => {
  test('one that writes each change is well; no key is left', async () => {
    const variables = await redis(['--appendonly', 'yes']);
    const run = await runDoctor(appOfTest({}), { ...variables, TIDEGATE_SECRET: 'k7Qw2-xV9p_4LmZ8tRs1Yd6Hb3Nf5Gc0Ja' });
    expect(run.all('fail')).toEqual([]);
    expect(run.status).toBe(0);
    expect(run.of('engine')).toContain('ok it writes each change to its append-only file');
    expect(run.of('engine')).toContain('ok it evicts nothing');
    expect(run.of('clock')).toEqual([expect.stringMatching(/^ok as that of .*Redis/)]);
    expect(run.text).not.toContain(variables.UPSTASH_REDIS_REST_TOKEN);
  });

  test('one that keeps nothing on disk is told, and one that evicts fails before anything is written', async () => {
    const kept = await runDoctor(appOfTest({}), await redis([]));
    expect(kept.all('warn').join('\n')).toContain('appendonly is off');
    const evicting = await runDoctor(appOfTest({}), await redis(['--maxmemory-policy', 'allkeys-lru']));
    expect(evicting.status).toBe(1);
    expect(evicting.of('store').join('\n')).toContain('maxmemory-policy allkeys-lru');
  });

  test('one that tells nothing of itself is not called wrong', () => {
    expect(redisFacts(new Map()).map(({ status, what }) => `${status} ${what}`)).toEqual([
      'skip Redis does not say whether it evicts',
      'skip Redis does not say what survives its end',
    ]);
  });

  test('replicas that lag, a replica, a disk that failed and a database that is nearly full', () => {
    const primary = { role: 'master', connected_slaves: '1', master_repl_offset: '9000000' };
    expect(facts({ ...primary, slave0: 'ip=a,port=1,state=online,offset=1000,lag=9' }).join('\n')).toContain(
      'warn replicas are behind: slave0 by 8999000 B',
    );
    expect(facts({ role: 'slave' })).toContain('fail this is a replica, which takes no writes');
    expect(facts({ aof_enabled: '1', rdb_last_bgsave_status: 'err' }).join('\n')).toContain(
      'rdb_last_bgsave_status is err',
    );
    expect(facts({ used_memory: '900000000', maxmemory: '1000000000' }).join('\n')).toMatch(
      /warn it holds 858 MiB of 954 MiB/,
    );
  });
});

describe.skipIf(!requireService('dynamodb'))('DynamoDB (needs java)', () => {
  test('a table as ours is well, but for what DynamoDB Local does not have', { timeout: 60_000 }, async () => {
    const dynamo = await startDynamo();
    onTestFinished(() => dynamo.stop());
    const run = await runDoctor(appOfTest({}), {
      STORE: 'dynamodb',
      DYNAMODB_TABLE: dynamo.table,
      AWS_ENDPOINT_URL_DYNAMODB: dynamo.endpoint,
      AWS_REGION: dynamo.region,
      AWS_ACCESS_KEY_ID: dynamo.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: dynamo.credentials.secretAccessKey,
    });
    expect(run.all('fail')).toEqual([]);
    expect(run.of('engine')).toContain('ok the table has the keys pk sk');
    expect(run.of('engine')).toContain('ok it is paid by the request');
  });

  test('a table of others, provisioned, without the index', () => {
    const found = tableFacts({
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      DeletionProtectionEnabled: false,
    });
    expect(found.map(({ status, what }) => `${status} ${what}`)).toEqual([
      'fail the table has the keys id',
      'fail it has no index due',
      'warn its capacity is provisioned: bursts above it are throttled',
      'warn it may be deleted by one call',
    ]);
  });
});

describe.skipIf(!requireService('mosquitto'))('MQTT (needs mosquitto)', () => {
  const schema = z.object({ celsius: z.number() });
  const plant = (port: number, clientId = 'plant') =>
    appOfTest({
      feeds: { plant: mqtt({ url: `mqtt://127.0.0.1:${port}`, clientId }) },
      streams: {
        temperatures: stream({
          description: 'a',
          schema,
          feed: from('plant', { topic: 'plant/+/temperature', keyLevel: 1 }),
        }),
      },
    });

  test(
    'QoS of publishers is told, the feed’s own session keeps what waits, and no session is left',
    { timeout: 60_000 },
    async () => {
      const broker = await startMosquitto(['sys_interval 1', 'max_queued_messages 100']);
      onTestFinished(() => broker.stop());
      const app = plant(broker.port);
      const store = createMemoryStore();
      let shiftMs = 0;
      const runtime = { ...nodeRuntime(() => {}), now: () => Date.now() + shiftMs };
      const deps = { app, store, runtime };
      await ingest(deps, Date.now() + 3_000);
      // The feed is away; these wait for it.
      await publishOver(broker.port, [
        { topic: 'plant/a/temperature', payload: '{"celsius":1}', qos: 1, retain: true },
        { topic: 'plant/b/temperature', payload: '{"celsius":"hot"}', qos: 1, retain: true },
        { topic: 'plant/c/temperature', payload: '{"celsius":3}', qos: 0, retain: true },
      ]);
      const run = await runDoctor(app, { STORE: 'memory' });
      expect(run.of('feed plant')).toEqual([
        expect.stringMatching(/^ok mqtt:\/\/127\.0\.0\.1:\d+ speaks MQTT 5; it takes QoS 2/),
        'ok the broker keeps sessions, for 86400 s',
        expect.stringMatching(/^warn 3 messages in \d s, 1 of them published at QoS 0: plant\/c\/temperature$/),
        expect.stringMatching(/^ok the broker is mosquitto version [\d.]+, and has dropped no message$/),
        expect.stringContaining('ok 2 of 3 items are events'),
        'warn 1 of 3 items would be dead letters',
        'warn an item for temperatures: schema at data.celsius',
      ]);
      shiftMs = 120_000;
      const [report] = (await ingest(deps, deps.runtime.now() + 4_000)).feeds;
      // What waited in the feed's own session waited on: two at QoS 1, of which one is no event. The retained one of QoS 0 is asked for anew.
      expect(report).toMatchObject({ outcome: 'pulled', events: 2, rejected: 1 });
      // Whoever reads this is connected; of those that are not the feed's own session is the only one.
      await expect.poll(() => readSys(broker.port, '$SYS/broker/clients/disconnected'), { timeout: 20_000 }).toBe('1');
    },
  );

  test('a broker that is not there, and a filter to which nobody publishes', { timeout: 60_000 }, async () => {
    const broker = await startMosquitto();
    onTestFinished(() => broker.stop());
    const quiet = await runDoctor(plant(broker.port), { STORE: 'memory' });
    expect(quiet.all('warn').join('\n')).toMatch(
      /no message came in \d s, and none is retained, for plant\/\+\/temperature/,
    );
    const gone = await runDoctor(plant(9), { STORE: 'memory' });
    expect(gone.of('feed plant')).toEqual([expect.stringMatching(/^fail mqtt:\/\/127\.0\.0\.1:9/)]);
  });
});
