/** The app's streams as a task's `run` gets them: a call of them counts as under way until it is answered. */
import type { AppStreams } from '../../declare/app-streams.ts';
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
