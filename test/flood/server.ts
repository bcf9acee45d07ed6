/** The server that is flooded, in a process of its own: what `tidegate start` runs, on a file of sqlite with a backlog. */
import { createLog } from '../../src/hosts/log.ts';
import { nodeRuntime } from '../../src/hosts/node/runtime.ts';
import { serve } from '../../src/hosts/node/serve.ts';
import { readConfig } from '../../src/store/drivers/open.ts';
import { app } from './app.ts';
import { fillBacklog } from './backlog.ts';

const config = readConfig(process.env, 'sqlite');
const runtime = nodeRuntime(createLog(config.logLevel));
const serving = await serve(config, app, runtime);
await fillBacklog(serving.deps);
console.log(`listening at ${serving.url} in process ${process.pid}`);
process.once('SIGTERM', () => void serving.stop());
