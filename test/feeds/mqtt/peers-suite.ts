/** The MQTT feed against brokers that behave badly, over real sockets: what it waits for is bounded, and so is what it takes. */
import { describe, expect, test } from 'vitest';
import type { FeedItem } from '../../../src/declare/feed.ts';
import type { Connect } from '../../../src/base/runtime.ts';
import { mqtt, type MqttOptions } from '../../../src/feeds/mqtt/feed.ts';
import { countOf, FLOOD_BYTES, type PeerName, type PeerPlaces } from '../../services/peers.ts';
import { burstContext, runBurst, target } from './bursts.ts';

const TARGETS = [target('s', 'topic')];
const ANSWER_MS = 300;

export function mqttPeersSuite(name: string, connect: Connect, peers: () => PeerPlaces): void {
  const feed = (scheme: string, peer: PeerName, more: Partial<MqttOptions> = {}) =>
    mqtt({
      url: `${scheme}://127.0.0.1:${peers().ports[peer]}`,
      clientId: 'c',
      answerMs: ANSWER_MS,
      protocolVersion: 5,
      ...more,
    });

  describe(name, () => {
    test.each([
      ['lets nobody in', 'mqtt', 'takes', /no CONNACK in 300 ms/],
      ['never takes what is sent', 'mqtt', 'stalls', /no CONNACK in 300 ms/],
      ['never answers the handshake of TLS', 'mqtts', 'takes', /could not be reached in 300 ms/],
      ['never answers the handshake of WebSocket', 'ws', 'takes', /could not be reached in 300 ms/],
      ['ends the handshake of WebSocket', 'ws', 'endsAtOnce', /cannot connect/],
      ['speaks something else', 'mqtt', 'answers', /not MQTT/],
      ['closes at once', 'mqtt', 'endsAtOnce', /not MQTT|broke/],
      ['breaks the connection', 'mqtt', 'resets', /broke/],
      ['closes in the middle of a packet', 'mqtt', 'breaksOff', /the broker closed it/],
    ] as const)('a broker that %s', async (_what, scheme, peer, message) => {
      const startedAt = Date.now();
      const failed = runBurst(feed(scheme, peer), burstContext(TARGETS, { connect }));
      await expect(failed).rejects.toMatchObject({ code: 'upstream', message: expect.stringMatching(message) });
      expect(Date.now() - startedAt).toBeLessThan(5_000);
    });

    test('a broker that publishes faster than its messages are stored stands still meanwhile', async () => {
      const budget = { timeMs: 10_000, events: 100_000, bytes: 1_000_000_000 };
      const flooded = feed('mqtt', 'publishes', { qos: 0 });
      const { sent } = await countOf(peers(), 'publishes');
      const burst = flooded.burst(burstContext(TARGETS, { connect, budget }))[Symbol.asyncIterator]();
      const first = await burst.next();
      expect(bytesOf(first.value?.items ?? [])).toBeLessThan(4_000_000);
      let total = -1;
      const standsStill = async () => {
        const last = total;
        total = (await countOf(peers(), 'publishes')).sent;
        return total === last;
      };
      await expect.poll(standsStill, { timeout: 10_000, interval: 200 }).toBe(true);
      expect(total - sent).toBeLessThan(FLOOD_BYTES);
      await burst.return?.();
    });

    test('a broker that publishes without end is left when the budget is spent', async () => {
      const budget = { timeMs: 10_000, events: 100_000, bytes: 2_000_000 };
      const flooded = feed('mqtt', 'publishes', { qos: 0 });
      const { items } = await runBurst(flooded, burstContext(TARGETS, { connect, budget }));
      expect(bytesOf(items)).toBeGreaterThan(1_000_000);
      expect(bytesOf(items)).toBeLessThan(4_000_000);
    });
  });
}

function bytesOf(items: readonly FeedItem[]): number {
  return items.reduce((sum, { data }) => sum + JSON.stringify(data).length, 0);
}
