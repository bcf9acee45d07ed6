/** The app of the ingest benchmarks: readings of 100 sensors, by NDJSON with ids, or by MQTT. */
import * as z from 'zod';
import { type App, defineApp, from, http, mqtt, stream } from '../../src/index.ts';

const Reading = z.object({
  id: z.string(),
  sensor: z.string(),
  time: z.number(),
  celsius: z.number(),
  humidity: z.number(),
  site: z.string(),
  note: z.string(),
});

const PACING = { everyMs: 1, budget: { timeMs: 120_000, events: 10_000_000, bytes: 4_000_000_000 } };

export function ingestApp(source: { ndjson: string } | { mqtt: string }): App {
  const common = {
    description: 'Readings',
    schema: Reading,
    key: 'sensor',
    time: 'time',
    retention: { events: 2_000_000 },
  } as const;
  if ('ndjson' in source) {
    const feed = http({
      url: source.ndjson,
      format: 'ndjson',
      allow: [new URL(source.ndjson).host],
      maxBytes: 1_000_000_000,
      timeoutMs: 120_000,
      ...PACING,
    });
    return declare({ readings: stream({ ...common, id: 'id', feed }) });
  }
  return declare(
    { readings: stream({ ...common, feed: from('broker', { topic: 'bench/#' }) }) },
    { broker: mqtt({ url: source.mqtt, clientId: 'bench', brokerQueueLimit: 'none', ...PACING }) },
  );
}

function declare(streams: Parameters<typeof defineApp>[0]['streams'], feeds = {}): App {
  return defineApp({ name: 'bench', version: '1.0.0', description: 'Ingest', streams, feeds });
}
