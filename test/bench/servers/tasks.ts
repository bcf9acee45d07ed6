/** The whole app with tasks that nobody works on, on the store of the environment. */
import { readConfig } from '../../../src/base/config.ts';
import { composeServing } from '../../../src/hosts/compose-serving.ts';
import { composeHttp } from '../../../src/hosts/compose.ts';
import { nodeRuntime } from '../../../src/hosts/node/runtime.ts';
import { openNodeStore } from '../../../src/hosts/node/store.ts';
import { withTasks } from '../../../src/hosts/with-tasks.ts';
import { taskApp } from '../task-app.ts';
import { listen } from './listen.ts';

const runtime = nodeRuntime(() => {});
const store = await openNodeStore(readConfig(process.env, 'sqlite'), runtime, taskApp.name);
const deps = withTasks({ app: taskApp, store, runtime });
const { http } = composeHttp(deps, { host: '127.0.0.1', publicUrl: null }, composeServing(deps));
listen(http.fetch);
