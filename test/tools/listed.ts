/** The registry of an app as a host puts it together, for tests of what all its tools show. */
import type { App } from '../../src/declare/app.ts';
import { type Log, systemRuntime } from '../../src/base/runtime.ts';

import { composeRegistry } from '../../src/hosts/serving.ts';
import { withTasks } from '../../src/hosts/task-deps.ts';
import type { Registry } from '../../src/mcp/registry/registry.ts';
import type { ToolListing } from '../../src/mcp/registry/tool-entry.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import type { Store } from '../../src/store/store.ts';
import { BY_SCHEDULE } from '../../src/tasks/records/dispatch.ts';
import { createTasks } from '../../src/tasks/work/service.ts';

const SET = () => 'a secret of a test';
const SECRETS = { current: 's'.repeat(32), previous: null };

export function composed(app: App, store: Store = createMemoryStore(), log: Log = () => {}): Registry {
  const deps = withTasks({ app, store, runtime: systemRuntime(log) });
  return composeRegistry(deps, { secrets: SECRETS, tasks: createTasks(deps, BY_SCHEDULE), variable: SET });
}

export function listedTools(app: App): readonly ToolListing[] {
  return composed(app).tools.list(undefined).items;
}
