/** What tasks work with: what the host has, the catalog of all tasks, and how their `run` reaches streams. */
import { createQuotas } from '../store/quotas/quotas.ts';
import type { WorkDeps } from '../calls/events/delivery-deps.ts';
import { actsForReactions } from '../calls/events/reactions.ts';
import { createAppStreams } from '../calls/streams.ts';
import { builtInTasks } from '../tools/built-in-tasks.ts';
import type { Deps } from '../streams/deps.ts';

type Given = Deps & Pick<WorkDeps, 'waiting' | 'secrets'>;

/** A host hands over its options, of which these are the part. One that `Deps` gets later is missed here by the compiler. */
const PART: Record<keyof Given, true> = {
  app: true,
  store: true,
  runtime: true,
  changed: true,
  waiting: true,
  tenants: true,
  audit: true,
  quotas: true,
  isOpen: true,
  noted: true,
  secrets: true,
};

function partOf(given: Given): Given {
  const members = Object.entries(given).filter(([name, value]) => Object.hasOwn(PART, name) && value !== undefined);
  return Object.fromEntries(members) as unknown as Given;
}

/** A task of the app's own takes the place of a built-in one of the same name. */
export function withTasks(given: Given): WorkDeps {
  const { app, runtime } = given;
  const deps = { ...partOf(given), quotas: given.quotas ?? createQuotas(runtime) };
  return {
    ...deps,
    streamsFor: createAppStreams,
    actsFor: actsForReactions(app),
    catalog: new Map([...Object.entries(builtInTasks(deps)), ...app.tasks]),
  };
}
