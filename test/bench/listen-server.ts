/** One process of the benchmark of listeners: it serves streams, appends when it is told to, and says how much memory it has. */
import * as z from 'zod';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { PUBLIC } from '../../src/base/principal.ts';
import { createAppStreams } from '../../src/calls/streams.ts';
import { nodeRuntime } from '../../src/hosts/node/runtime.ts';
import { serve } from '../../src/hosts/node/serve.ts';
import { defineApp, stream } from '../../src/index.ts';
import { readConfig } from '../../src/store/drivers/open.ts';

const app = defineApp({
  name: 'bench-listen',
  version: '1.0.0',
  description: 'Readings to listen to',
  streams: { rooms: stream({ description: 'Rooms', schema: z.object({ room: z.string() }), key: 'room' }) },
  quotas: { openStreams: 100_000 },
});

const runtime = nodeRuntime(() => {});
const config = readConfig({ ...process.env, PORT: '0', HOST: '127.0.0.1', CONNECTIONS: '20000' }, 'sqlite');
const serving = await serve(config, app, runtime, null);
const streams = createAppStreams(serving.deps, PUBLIC);
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

async function answer(message: { append?: string; stop?: boolean }): Promise<unknown> {
  if (message.stop) return serving.stop();
  if (message.append !== undefined) {
    await streams.append('rooms', { room: message.append });
    return { committedAt: performance.timeOrigin + performance.now() };
  }
  collect();
  return { bytes: process.memoryUsage().rss, heap: process.memoryUsage().heapUsed };
}

async function tell(message: { append?: string; stop?: boolean }): Promise<void> {
  process.send?.((await answer(message)) ?? {});
  if (message.stop) process.exit(0);
}

process.on('message', (message: { append?: string; stop?: boolean }) => void tell(message));
process.send?.({ url: serving.url });
