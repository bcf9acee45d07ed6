/** The whole app with tasks that nobody works on, on the store of the environment. */
import { readConfig } from '../../../src/store/drivers/open.ts';
import { createHost } from '../../../src/hosts/host.ts';
import { nodeRuntime } from '../../../src/hosts/node/runtime.ts';
import { openNodeStore } from '../../../src/hosts/node/store.ts';
import { taskApp } from '../task-app.ts';
import { serveApp } from './serve-app.ts';

const runtime = nodeRuntime(() => {});
const store = await openNodeStore(readConfig(process.env, 'sqlite'), runtime, taskApp.name);
serveApp(createHost({ app: taskApp, store, runtime, host: '127.0.0.1' }));
