/** The whole app of `stored-app.ts`, whose tasks nobody works on, on the store of the environment. */
import { readConfig } from '../../../src/store/drivers/open.ts';
import { createHost } from '../../../src/hosts/host.ts';
import { nodeRuntime } from '../../../src/hosts/node/runtime.ts';
import { openNodeStore } from '../../../src/hosts/node/store.ts';
import { storedApp } from '../stored-app.ts';
import { serveApp } from './serve-app.ts';

const runtime = nodeRuntime(() => {});
const store = await openNodeStore(readConfig(process.env, 'sqlite'), runtime, storedApp.name);
serveApp(createHost({ app: storedApp, store, runtime, host: '127.0.0.1' }));
