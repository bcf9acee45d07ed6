/**
 * A process that stays up and holds WebSocket feeds on a store that others share, until it is killed or told to end.
 * Settings come as JSON in the first argument; it says `ready` when its loop runs.
 */
import { flushCompileCache } from 'node:module';
import * as z from 'zod';
import { type App, defineApp, stream, websocket } from '../../src/index.ts';
import { startLoop } from '../../src/hosts/node/loop.ts';
import { nodeRuntime } from '../../src/hosts/node/runtime.ts';
import { openStore, readConfig } from '../../src/store/drivers/open.ts';

export interface HolderSettings {
  environment: Record<string, string>;
  /** `ws://127.0.0.1:<port>` */
  origin: string;
  feeds: number;
  leaseMs: number;
  /** Sent with each handshake, so that the server knows who holds what. */
  name: string;
}

const Tick = z.object({ id: z.string(), n: z.number() });

export function holderApp({ origin, feeds, name }: Pick<HolderSettings, 'origin' | 'feeds' | 'name'>): App {
  const streams = Array.from({ length: feeds }, (_, index) => {
    const feed = websocket({
      url: `${origin}/s${index}`,
      headers: { 'x-holder': name },
      allow: [new URL(origin).host],
      sequence: 'n',
      subscribe: ({ sequence }) => ({ after: Number(sequence ?? 0) }),
    });
    return [`s${index}`, stream({ description: 'Ticks', schema: Tick, id: 'id', feed })] as const;
  });
  return defineApp({ name: 'holder', version: '1.0.0', description: 'Ticks', streams: Object.fromEntries(streams) });
}

if (process.argv[2] !== undefined) {
  const settings = JSON.parse(process.argv[2]) as HolderSettings;
  const runtime = nodeRuntime(() => {});
  const app = holderApp(settings);
  const store = await openStore(readConfig(settings.environment, 'sqlite'), runtime, app.name);
  const loop = startLoop({ app, store, runtime }, { leaseMs: settings.leaseMs, everyMs: 500 });
  process.once('SIGTERM', () => void loop.stop().then(() => store.close()));
  // One that is killed leaves nothing behind for the next one to start by.
  flushCompileCache();
  console.log('ready');
}
