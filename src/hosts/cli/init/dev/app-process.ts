/**
 * The process that serves the app of `tidegate dev`. It reads the app, says so, and serves once it is told to, because the one
 * before goes on until then. It ends when it is told to, or when who started it is gone.
 */
import { setTimeout as later } from 'node:timers/promises';
import type { Config } from '../../../../base/config/config.ts';
import { asTidegateError, causeText } from '../../../../base/errors.ts';
import { PUBLIC } from '../../../../base/principal.ts';
import { createAppStreams } from '../../../../calls/streams.ts';
import type { App } from '../../../../declare/app.ts';
import { driverOf } from '../../../../store/driver.ts';
import { DRIVERS } from '../../../../store/drivers/open.ts';
import { readNodeConfig } from '../../../platforms/node-config.ts';
import { clientUrl } from '../../../node/listening.ts';
import { nodeRuntime } from '../../../node/runtime.ts';
import { tellStrayRejections } from '../../../node/process/stray-rejections.ts';
import { serve, type Serving } from '../../../node/serve.ts';
import { leave } from '../../../stop-signal.ts';
import { explained } from '../../kit/explained.ts';
import { loadApp } from '../../kit/load-app.ts';
import { createFeedWatch, createStreamWatch, devLog, type StreamWatch } from './happenings.ts';
import { watchImports } from './imports.ts';
import type { FromApp, Happening, ServedApp, ToApp } from './messages.ts';

const [file = ''] = process.argv.slice(2);
const serveTold = Promise.withResolvers<void>();
const stopTold = Promise.withResolvers<void>();
let isStopped = false;

/** Resolves when the message has left. Who started this process may be gone. */
function send(message: FromApp): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) resolve();
    else process.send(message, undefined, undefined, () => resolve());
  });
}

const tell = (happening: Happening) => void send({ kind: 'happened', happening });

function stop(): void {
  isStopped = true;
  stopTold.resolve();
}

process.on('message', ({ kind }: ToApp) => (kind === 'serve' ? serveTold.resolve() : stop()));
process.on('disconnect', stop);
// Ctrl-C reaches every process of the terminal. The one that watches tells this one to stop.
process.on('SIGINT', () => {});

/** Whoever had the port before may take a moment to let go of it. */
const TRIES = 10;
const TRY_AGAIN_MS = 50;

async function serveSoon(app: App, config: Config): Promise<Serving> {
  let watch: StreamWatch | null = null;
  const look = () => watch?.look();
  const runtime = nodeRuntime(devLog(config.logLevel, tell, look));
  tellStrayRejections(runtime.log);
  const ofFeeds = createFeedWatch(tell);
  const onReport = (report: Parameters<typeof ofFeeds>[0]) => {
    ofFeeds(report);
    if (report.feeds.some(({ events }) => events > 0)) look();
  };
  for (let tries = 1; ; tries += 1) {
    try {
      const served = await serve(config, app, runtime, { onReport });
      watch = createStreamWatch(createAppStreams(served.deps, PUBLIC), tell);
      return served;
    } catch (thrown) {
      const { cause } = thrown as { cause?: { code?: string } };
      if (cause?.code !== 'EADDRINUSE' || tries === TRIES) throw thrown;
      await later(TRY_AGAIN_MS);
    }
  }
}

function described(app: App, config: Config, url: string): ServedApp {
  const driver = driverOf(DRIVERS, config);
  const data = driver.file?.(config.store.values, app.name);
  return {
    name: app.name,
    version: app.version,
    url: clientUrl(config, url),
    store: data === undefined ? config.store.name : `${config.store.name} (${data})`,
    isVolatile: driver.isVolatile ?? false,
    streams: [...app.streams.keys()],
    tools: [...app.tools.keys()],
    tasks: [...app.tasks.keys()],
  };
}

async function run(): Promise<void> {
  watchImports(file, (files) => void send({ kind: 'files', files }));
  const app = await loadApp(file);
  const config = readNodeConfig(process.env);
  await send({ kind: 'ready' });
  await Promise.race([serveTold.promise, stopTold.promise]);
  if (isStopped) return;
  const served = await serveSoon(app, config);
  await send({ kind: 'serving', app: described(app, config, served.url), port: Number(new URL(served.url).port) });
  await stopTold.promise;
  await served.stop();
}

try {
  await run();
} catch (thrown) {
  const error = asTidegateError(thrown);
  const text = error.code === 'internal' ? causeText(thrown) : explained(error);
  await send({ kind: 'refused', text, field: error.field });
  process.exitCode = 1;
} finally {
  if (process.connected) process.disconnect();
  // What an app still does, such as a timer of its own, does not keep the port from the next one.
  leave();
}
