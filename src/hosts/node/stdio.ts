/**
 * `tidegate stdio`: the app's registry over standard input and output, with the workers beside it, until the client hangs
 * up. It reads the same store as `npm start` and may run beside it. Standard output belongs to MCP; the log goes to stderr.
 */
import type { Writable } from 'node:stream';
import { readNodeConfig } from '../platforms/node-config.ts';
import type { App } from '../../declare/app.ts';
import { checkSecretsSet, openFeedSecrets } from '../../declare/check/open-secrets.ts';
import { PUBLIC } from '../../base/principal.ts';
import { watchChanges } from '../../calls/changes/kept.ts';
import { serveRegistryOverStdio } from '../../mcp/pipe/stdio.ts';
import { taskStatuses } from '../../mcp/tasks/notification.ts';
import { createTasks } from '../../tasks/work/service.ts';
import { composeRegistry } from '../serving.ts';
import { createLog } from '../log.ts';
import { tellMisspelt } from '../misspelt.ts';
import { startLoop } from './loop.ts';
import { startPresence } from './process/presence.ts';
import { nodePipe } from './pipe.ts';
import { nodeRuntime } from './runtime.ts';
import { nodeSecrets } from './secrets.ts';
import { watchClock } from '../../store/clock-watch.ts';
import { startTaskWorkers } from './workers.ts';
import { openNodeStore } from './store.ts';
import { tellStrayRejections } from './process/stray-rejections.ts';
import { leave, untilStopped } from '../stop-signal.ts';
import { createEnding } from './ending.ts';

/** For the last answers to be written: a client that does not read holds nothing up, ms. */
const GIVING_UP_MS = 500;

/** @param output where messages go, as `keepOutput` kept it before the app was loaded */
export async function stdio(app: App, environment: NodeJS.ProcessEnv, output: Writable): Promise<void> {
  const config = readNodeConfig(environment);
  const log = createLog(config.logLevel, { plain: process.stderr.isTTY });
  tellStrayRejections(log);
  const lent = nodeRuntime(log);
  const ending = createEnding(lent);
  const runtime = { ...lent, variable: config.variable, ending: ending.signals };
  const stopped = untilStopped();
  tellMisspelt(config, app, log);
  const store = await openNodeStore(config, runtime, app.name);
  try {
    checkSecretsSet(app, config.variable);
    for (const feed of app.feeds.values()) openFeedSecrets(feed, config.variable);
    const secrets = await nodeSecrets(config, app.name);
    const { watch, ...heard } = watchChanges(watchClock({ app, store, runtime, isOpen: true }));
    const workers = startTaskWorkers(heard);
    const { deps, dispatch } = workers;
    const tasks = createTasks(deps, dispatch);
    const registry = composeRegistry(deps, { secrets, tasks, watch, listens: true });
    const standing = [taskStatuses({ watch, tasks, runtime })];
    const pipe = nodePipe(process.stdin, output);
    const serving = serveRegistryOverStdio(
      { ...deps, registry, registryOf: () => registry, watch, standing },
      PUBLIC,
      pipe,
    );
    const loop = startLoop(deps);
    const presence = startPresence(deps);
    await Promise.race([stopped, pipe.ended]);
    await ending.wait(config.shutdownMs, () => Promise.all([serving.answered(), loop.stop(), workers.stop()]));
    await ending.wait(GIVING_UP_MS, () => serving.giveUp());
    await serving.close();
    await presence.stop();
  } finally {
    await store.close();
    // What an app still does, such as a timer of its own, does not keep an ended process.
    leave();
  }
}
