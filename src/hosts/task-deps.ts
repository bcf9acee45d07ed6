/** What tasks work with: what the host has, the catalog of all tasks, and how their `run` reaches streams. */
import { createQuotas } from '../store/quotas.ts';
import type { WorkDeps } from '../calls/events/delivery-deps.ts';
import { actsForReactions } from '../calls/events/reactions.ts';
import { createAppStreams } from '../calls/streams.ts';
import { builtInTasks } from '../tools/built-in-tasks.ts';
import type { Deps } from '../streams/deps.ts';

/** A task of the app's own takes the place of a built-in one of the same name. */
export function withTasks({
  app,
  store,
  runtime,
  changed,
  waiting,
  tenants,
  audit,
  quotas,
  isOpen,
  noted,
  secrets,
}: Deps & Pick<WorkDeps, 'waiting' | 'secrets'>): WorkDeps {
  const known = {
    ...(secrets === undefined ? {} : { secrets }),
    ...(isOpen === undefined ? {} : { isOpen }),
    ...(noted ? { noted } : {}),
  };
  const standing = { app, store, runtime, changed, waiting, tenants, audit, ...known };
  const deps = { ...standing, quotas: quotas ?? createQuotas(runtime) };
  return {
    ...deps,
    streamsFor: createAppStreams,
    actsFor: actsForReactions(app),
    catalog: new Map([...Object.entries(builtInTasks(deps)), ...app.tasks]),
  };
}
