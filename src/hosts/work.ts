/** What a host does without a request: the call of a schedule, and the batch of a queue. */
import type { WorkDeps } from '../calls/events/delivery-deps.ts';
import type { HostOptions, HostWork } from './http-host.ts';
import { workOnBatch } from './queue.ts';
import { runScheduled } from './scheduled.ts';

export function createWork(
  deps: WorkDeps,
  { taskQueue = null, feedRequestsPerDay = null }: Pick<HostOptions, 'taskQueue' | 'feedRequestsPerDay'>,
): HostWork {
  return {
    scheduled: (deadline) => runScheduled(deps, deadline, feedRequestsPerDay),
    queue: (batch, deadline) => workOnBatch(deps, taskQueue, batch, deadline),
  };
}
