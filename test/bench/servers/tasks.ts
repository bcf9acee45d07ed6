/** The whole app with tasks that nobody works on, on the store of the environment. */
import { readConfig } from '../../../src/core/config.ts';
import { composeServing } from '../../../src/entry/compose-serving.ts';
import { composeHttp } from '../../../src/entry/compose.ts';
import { nodeRuntime } from '../../../src/entry/node-runtime.ts';
import { openNodeStore } from '../../../src/entry/node-store.ts';
import { withTasks } from '../../../src/entry/with-tasks.ts';
import { taskApp } from '../task-app.ts';
import { listen } from './listen.ts';

const runtime = nodeRuntime(() => {});
const store = await openNodeStore(readConfig(process.env, 'sqlite'), runtime, taskApp.name);
const deps = withTasks({ app: taskApp, store, runtime });
const { http } = composeHttp(deps, { host: '127.0.0.1', publicUrl: null }, composeServing(deps));
listen(http.fetch);
