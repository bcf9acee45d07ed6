/** The schema of arguments of every built-in tool and task, and of those of every example. */
import type * as z from 'zod';
import type { App } from '../../../src/declare/app.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { builtInTasks } from '../../../src/tools/built-in-tasks.ts';
import { streamTools } from '../../../src/tools/index.ts';
import { tasksExtension } from '../../../src/mcp/tasks/extension.ts';
import { createTasks } from '../../../src/tasks/work/service.ts';
import { createAppStreams } from '../../../src/calls/streams.ts';
import { BY_SCHEDULE } from '../../../src/tasks/records/dispatch.ts';
import { conformanceApp } from '../../conformance/app.ts';
import { sampleApp } from '../sample-app.ts';
import { taskApp } from '../tasks/task-app.ts';

const EXAMPLES = ['first', 'iot-edge', 'logs', 'mqtt', 'observer', 'plant', 'pumps', 'queries', 'quotes'];
const MORE_EXAMPLES = ['reports', 'statements', 'ticker', 'valves'];

export interface NamedInput {
  /** Of the app and the tool. */
  name: string;
  input: z.ZodType;
}

export async function allInputs(): Promise<NamedInput[]> {
  const examples = [...EXAMPLES, ...MORE_EXAMPLES].map(async (name) => {
    const { default: app } = (await import(`../../examples/${name}/app.ts`)) as { default: App };
    return app;
  });
  const apps = [...(await Promise.all(examples)), conformanceApp, sampleApp, taskApp];
  return apps.flatMap((app) => inputsOf(app));
}

function inputsOf(app: App): NamedInput[] {
  const deps = { app, runtime: systemRuntime(() => {}), store: createMemoryStore({}) };
  const catalog = new Map([...app.tasks, ...Object.entries(builtInTasks(deps))]);
  const tasks = createTasks({ ...deps, streamsFor: createAppStreams, catalog }, BY_SCHEDULE);
  const { tools = {}, specialTools = {} } = tasksExtension(tasks, deps);
  const all = [...Object.entries({ ...streamTools(deps), ...tools, ...specialTools }), ...app.tools];
  return all.flatMap(([name, { input }]) => (input ? [{ name: `${app.name}: ${name}`, input }] : []));
}
