/** `npm start`, and `tidegate start`: serves an app on this machine until it is told to end. */
import { driverOf } from '../../../store/driver.ts';
import { DRIVERS } from '../../../store/drivers/open.ts';
import { readNodeConfig } from '../../platforms/node-config.ts';
import type { App } from '../../../declare/app.ts';
import { addDemo } from '../../demo/demo.ts';
import { createLog } from '../../log.ts';
import { clientUrl } from '../../node/listening.ts';
import { nodeRuntime } from '../../node/runtime.ts';
import { tellStrayRejections } from '../../node/process/stray-rejections.ts';
import { serve } from '../../node/serve.ts';
import { leave, untilAbandoned, untilStopped } from '../../stop-signal.ts';
import { createFeedLines, welcome } from './welcome.ts';
import { oneLine } from '../../../base/plain.ts';

/** @param file of an app of the operator's own; null: the built-in one, which gets the demo's streams unless `DEMO` is off. */
export async function start(declared: App, environment: NodeJS.ProcessEnv, file: string | null): Promise<void> {
  const config = readNodeConfig(environment);
  const runtime = nodeRuntime(createLog(config.logLevel, { plain: process.stderr.isTTY }));
  const endTelling = tellStrayRejections(runtime.log);
  const demo = config.demo && file === null ? await addDemo(declared, runtime, config.mqttUrl) : null;
  const app = demo?.app ?? declared;
  const linesOf = createFeedLines(() => runtime.now());
  const onReport = (report: Parameters<typeof linesOf>[0]) => {
    for (const line of linesOf(report)) console.log(oneLine(line));
  };
  // A signal that comes during the start is heard too.
  const stopped = Promise.race([untilStopped(), untilAbandoned(environment)]);
  try {
    const serving = await serve(config, app, runtime, { onReport });
    const { name, values } = config.store;
    const data = driverOf(DRIVERS, config).file?.(values, app.name);
    const store = data === undefined ? name : `${name} (${data})`;
    console.log(welcome(app, clientUrl(config, serving.url), store, demo?.notes ?? [], file, config.auth));
    await stopped;
    console.log('Ending: what was taken in is stored, the rest comes with the next start.');
    await serving.stop();
  } finally {
    await demo?.stop();
    endTelling();
    // What an app still does, such as a timer of its own, does not keep an ended process.
    leave();
  }
}
