/** The app's streams, and what tells of changes, as a task's `run` gets them: a call counts as under way until it is answered. */
import type { AppStreams } from '../../declare/app-streams.ts';
import type { AppChanges } from '../../declare/context.ts';
import { createAppChanges } from '../../streams/app-changes.ts';
import type { WaitingTurn } from './turn.ts';
import { unattended } from './unattended.ts';

type Ask = (...given: never[]) => Promise<unknown>;

export function createTurnStreams({
  scope,
  claim,
  deadline,
  parking,
}: Pick<WaitingTurn, 'scope' | 'claim' | 'deadline' | 'parking'>): AppStreams {
  const streams = scope.streamsFor(scope, claim.header.principal, deadline);
  const counted = Object.entries(streams).map(([name, ask]: [string, Ask]) => [
    name,
    (...given: never[]) => unattended(parking.busy(ask(...given))),
  ]);
  // Each has the name and the type of the one that it counts; the names are there without asking.
  return { ...(Object.fromEntries(counted) as AppStreams), names: () => streams.names() };
}

/** Whoever listens in the tenant of the task is told. `run` tells again in each turn that comes past it, which harms nothing. */
export function createTurnChanges({
  scope,
  claim,
  deadline,
  parking,
}: Pick<WaitingTurn, 'scope' | 'claim' | 'deadline' | 'parking'>): AppChanges {
  const told = createAppChanges(scope, claim.header.principal.tenant, () => deadline);
  const counted = (telling: Promise<void>) => unattended(parking.busy(telling));
  return {
    resources: { changed: (uri) => counted(told.resources.changed(uri)) },
    tools: { changed: () => counted(told.tools.changed()) },
    prompts: { changed: () => counted(told.prompts.changed()) },
  };
}
