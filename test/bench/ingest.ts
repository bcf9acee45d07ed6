/** Events per second from NDJSON over HTTP and from MQTT into sqlite and redis, and the memory that it takes. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startMosquitto } from '../../infra/local/mosquitto.ts';
import { freePorts, startProcess } from '../../infra/local/server-process.ts';
import { publish } from '../feeds/mqtt/bursts.ts';
import { onEngine } from './engines.ts';
import type { BurstFigures, BurstSettings } from './ingest-process.ts';
import { print } from './print.ts';
import { reading } from './servers/ndjson.ts';

/** As `npm start` runs. */
const HEAP = ['--max-semi-space-size=4', '--max-old-space-size=512'];
const NDJSON_EVENTS = 400_000;
/** Not dynamodb: DynamoDB Local's speed says nothing about the service's. */
const ENGINES = ['sqlite', 'redis'] as const;
const MQTT_EVENTS = 50_000;

async function burst(settings: BurstSettings): Promise<BurstFigures> {
  const file = join(import.meta.dirname, 'ingest-process.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [...HEAP, file, JSON.stringify(settings)]);
  const figures = JSON.parse(stdout) as BurstFigures;
  if (figures.error !== null) throw new Error(figures.error);
  return figures;
}

function show(title: string, wanted: number, { events, commits, ms, rssMiB }: BurstFigures, asked = ''): void {
  if (events !== wanted) throw new Error(`${title}: ${events} events of ${wanted}`);
  print(title, [
    ['events per second', `${Math.round(events / (ms / 1_000))}/s`, asked],
    ['events, commits, time', `${events}, ${commits}, ${(ms / 1_000).toFixed(1)} s`],
    ['resident memory, highest', `${Math.round(rssMiB)} MiB`, '≤ 256 MiB'],
  ]);
}

export async function benchIngest(): Promise<void> {
  const [port = 0] = await freePorts(1);
  const file = join(import.meta.dirname, 'servers', 'ndjson.ts');
  const server = await startProcess(process.execPath, [file, String(port)], /listening/);
  try {
    const source = { ndjson: `http://127.0.0.1:${port}/${NDJSON_EVENTS}` };
    // So that the server's own preparation is not measured.
    await fetch(source.ndjson).then((response) => response.arrayBuffer());
    for (const engine of ENGINES) {
      const figures = await onEngine(engine, (environment) => burst({ environment, source }));
      show(`NDJSON over HTTP into ${engine}`, NDJSON_EVENTS, figures, engine === 'sqlite' ? '≥ 20,000/s' : '');
    }
  } finally {
    await server.stop();
  }
  const payloads = Array.from({ length: MQTT_EVENTS }, (_, n) => ({
    topic: 'bench/r',
    payload: JSON.stringify(reading(n)),
  }));
  for (const engine of ENGINES) {
    const broker = await startMosquitto(['max_queued_messages 0']);
    try {
      const source = { mqtt: `mqtt://127.0.0.1:${broker.port}` };
      const figures = await onEngine(engine, async (environment) => {
        await burst({ environment, source });
        await publish(broker.port, payloads);
        return burst({ environment, source });
      });
      show(`MQTT, a queue at Mosquitto into ${engine}`, MQTT_EVENTS, figures);
    } finally {
      await broker.stop();
    }
  }
}
