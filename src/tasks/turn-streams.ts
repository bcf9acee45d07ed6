/** The app's streams as a task's `run` gets them: what is asked of them keeps its entry open until it is answered. */
import type { AppStreams, StreamRef } from '../core/declaration/handlers.ts';
import type { Json } from '../core/json.ts';
import { createAppStreams } from '../streams/app-streams.ts';
import type { Turn } from './turn.ts';
import { unattended } from './unattended.ts';

export function createTurnStreams({ deps, claim, deadline, parking }: Turn): AppStreams {
  const streams = createAppStreams(deps, claim.header.principal, deadline);
  const counted = <Value>(work: Promise<Value>) => unattended(parking.busy(work));
  return {
    names: () => streams.names(),
    latest: <Data = Json>(ref: StreamRef<Data>, key?: string) => counted(streams.latest(ref, key)),
    latestByKey: <Data = Json>(ref: StreamRef<Data>, page?: { after?: string; limit?: number }) =>
      counted(streams.latestByKey(ref, page)),
    last: <Data = Json>(ref: StreamRef<Data>, n: number, before?: string) => counted(streams.last(ref, n, before)),
    read: <Data = Json>(ref: StreamRef<Data>, after: string | null, limit?: number) =>
      counted(streams.read(ref, after, limit)),
    append: <Data = Json, Input = unknown>(ref: StreamRef<Data, Input>, data: NoInfer<Input>) =>
      counted(streams.append(ref, data)),
  };
}
