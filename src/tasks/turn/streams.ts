/** The app's streams as a task's `run` gets them: what is asked of them keeps its entry open until it is answered. */
import type { AppStreams } from '../../declare/app-streams.ts';
import type { Turn } from './shared.ts';
import { unattended } from './unattended.ts';

type Ask = (...given: never[]) => Promise<unknown>;

export function createTurnStreams({ deps, claim, deadline, parking }: Turn): AppStreams {
  const streams = deps.streamsFor(deps, claim.header.principal, deadline);
  const counted = Object.entries(streams).map(([name, ask]: [string, Ask]) => [
    name,
    (...given: never[]) => unattended(parking.busy(ask(...given))),
  ]);
  // Each has the name and the type of the one that it counts; the names are there without asking.
  return { ...(Object.fromEntries(counted) as AppStreams), names: () => streams.names() };
}
