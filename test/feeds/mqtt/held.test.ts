/** An MQTT feed whose connection is held, as on a host that stays up, against a broker that plays a script. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { BurstContext, FeedBatch, FeedTarget } from '../../../src/declare/feed.ts';
import { mqtt, type MqttOptions } from '../../../src/feeds/mqtt/feed.ts';
import { burstContext, target } from './bursts.ts';
import { politeBroker, publicationOf, type ScriptedBroker, type ScriptedConnection, virtualClock } from './script.ts';

const TARGETS = [target('s', 'a/+')];
const feedOf = (options: Partial<MqttOptions> = {}) =>
  mqtt({ url: 'mqtt://broker.example', clientId: 'c', ...options });

function contextOf(broker: ScriptedBroker, more: Partial<BurstContext>, targets: FeedTarget[] = TARGETS): BurstContext {
  return burstContext(targets, { ...virtualClock(), connect: broker.connect, ...more });
}

const begin = (feed: ReturnType<typeof feedOf>, context: BurstContext) => feed.burst(context)[Symbol.asyncIterator]();

const acknowledged = (broker: ScriptedBroker) =>
  broker.packets.filter(({ cmd }) => cmd === 'puback').map(({ messageId }) => messageId);

const value = (batch: IteratorResult<FeedBatch>) =>
  (batch.value as FeedBatch).items.map(({ data, meta }) => meta?.gap?.reason ?? data);

/** A broker that publishes when it is told to. */
function speakingBroker() {
  const spoken: { connection: ScriptedConnection | null } = { connection: null };
  const broker = politeBroker({
    sessionPresent: true,
    afterSubscribe: (connection) => (spoken.connection = connection),
    otherwise: (packet, connection) => packet.cmd === 'pingreq' && connection.send({ cmd: 'pingresp' }),
  });
  const say = (payload: string, qos: 0 | 1 = 0) =>
    spoken.connection?.send(publicationOf(qos === 0 ? 0 : Number(payload), payload, { qos }));
  return { broker, say, end: () => spoken.connection?.end(new Error('ECONNRESET')) };
}

describe('a connection that is held', () => {
  let standing: boolean[] = [];
  beforeEach(() => (standing = []));
  const hold = { standing: (stands: boolean) => void standing.push(stands), fitted: () => 0, answered: () => {} };
  const held = { hold, deadline: Infinity };

  test('goes on over silence, and what comes is handed over soon', async () => {
    const { broker, say } = speakingBroker();
    const context = contextOf(broker, held);
    const burst = begin(feedOf({ idleMs: 100 }), context);
    expect((await burst.next()).value).toMatchObject({ items: [], position: { session: true } });
    const next = burst.next();
    await context.sleep(3_600_000);
    const saidAt = context.now();
    say('1');
    expect(value(await next)).toEqual([1]);
    expect(context.now() - saidAt).toBeLessThanOrEqual(200);
    expect(broker.connections).toBe(1);
    const second = burst.next();
    say('2', 1);
    expect(value(await second)).toEqual([2]);
    await burst.return?.();
    expect(standing).toEqual([true, false]);
  });

  test('that was held before tells what was lost at QoS 0 meanwhile, in those streams alone', async () => {
    const targets = [target('s', 'a/+'), target('t', 'b')];
    const first = speakingBroker();
    const burst = begin(feedOf(), contextOf(first.broker, held, targets));
    await burst.next();
    const next = burst.next();
    first.say('1');
    const { position = null } = (await next).value as FeedBatch;
    await burst.return?.();
    const again = contextOf(speakingBroker().broker, { ...held, position }, targets);
    const second = begin(feedOf(), { ...again, ranUntil: again.now() - 31_000 });
    const span = expect.stringMatching(/not connected from .+Z to .+Z, 31 s; what was published at QoS 0/) as string;
    expect((await second.next()).value).toMatchObject({
      items: [{ stream: 's', meta: { gap: { reason: 'not_connected', detail: span } } }],
    });
    await second.return?.();
  });

  test('that breaks hands over what came at QoS 0 before it fails, and leaves the rest to the broker', async () => {
    const { broker, say, end } = speakingBroker();
    const burst = begin(feedOf(), contextOf(broker, held));
    await burst.next();
    const next = burst.next();
    say('1');
    say('2', 1);
    end();
    expect(value(await next)).toEqual([1]);
    await expect(burst.next()).rejects.toMatchObject({
      code: 'upstream',
      message: expect.stringContaining('ECONNRESET'),
    });
    expect(acknowledged(broker)).toEqual([]);
  });

  test('that is aborted hands over what came, and leaves with DISCONNECT', async () => {
    const aborting = new AbortController();
    const { broker, say } = speakingBroker();
    const burst = begin(feedOf({ lingerMs: 60_000 }), contextOf(broker, { ...held, signal: aborting.signal }));
    await burst.next();
    const next = burst.next();
    say('1');
    say('2', 1);
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    aborting.abort();
    expect(value(await next)).toEqual([1, 2]);
    expect(await burst.next()).toMatchObject({ done: true });
    expect(acknowledged(broker)).toEqual([2]);
    expect(broker.packets.at(-1)?.cmd).toBe('disconnect');
  });

  test('whose commits take long says that the broker may have dropped what it could not send', async () => {
    const { broker, say } = speakingBroker();
    const context = contextOf(broker, held);
    const burst = begin(feedOf(), context);
    await burst.next();
    const next = burst.next();
    say('1');
    await next;
    await context.sleep(12_000);
    expect(value(await burst.next())).toEqual(['slow_commit']);
    await burst.return?.();
  });
});
