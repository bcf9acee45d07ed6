/** Wakes tasks through a queue. A message that could not be sent costs one interval of the schedule. */
import { asTidegateError } from '../../base/errors.ts';
import type { Runtime } from '../../base/runtime.ts';
import type { Dispatch } from '../../tasks/records/dispatch.ts';
import type { TaskQueue } from '../queue.ts';
import type { GoOn } from './hints.ts';

export function wakeThrough(runtime: Pick<Runtime, 'log'>, queue: TaskQueue, goOn: GoOn): Dispatch {
  const send = async (tenant: string, taskId: string) => queue.send({ tenant, taskId });
  return {
    leaseMs: () => null,
    wake: (tenant, taskId) => goOn(orLogged(runtime, taskId, send(tenant, taskId))),
  };
}

/** The same work, whose failure is logged. */
export async function orLogged({ log }: Pick<Runtime, 'log'>, taskId: string, work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (thrown) {
    const { code, message } = asTidegateError(thrown);
    log('warn', 'a task was not worked on; the schedule finds it', { taskId, code, message });
  }
}
