/** The app of the MQTT run: one stream of numbered readings, each with the time at which it was sent. */
import * as z from 'zod';
import { type App, defineApp, mqtt, stream } from '../../src/index.ts';

export interface HeldSettings {
  environment: Record<string, string>;
  /** URL of the broker. */
  url: string;
  /** QoS of the feed. */
  qos: 0 | 1;
}

export const LEASE_MS = 3_000;
export const TOPIC = 'plant/readings';

export function heldApp({ url, qos }: Pick<HeldSettings, 'url' | 'qos'>): App {
  return defineApp({
    name: 'held',
    version: '1.0.0',
    description: 'readings of devices that publish at QoS 0',
    streams: {
      readings: stream({
        description: 'numbered readings',
        schema: z.object({ n: z.number(), at: z.number() }),
        retention: { events: 1_000_000 },
        feed: mqtt({ url, clientId: 'held', topic: TOPIC, qos, everyMs: 1_000, brokerQueueLimit: 'none' }),
      }),
    },
  });
}
