/** The waiters of a task whose turn ends it. One that is missed here goes when it expires, or when it comes to hold. */
import { GET_MANY_LIMIT } from '../../store/limits.ts';
import type { Delete } from '../../store/store.ts';
import { ofStreamNamed } from '../../streams/scope.ts';
import { waiterKey } from '../records/names.ts';
import { rememberedWait, WAIT } from '../records/remembered.ts';
import type { TaskInHand } from './turn.ts';

/** Deletes the waiters of waits that have not ended, with the commit that ends the task. */
export async function giveUpWaits({
  scope,
  claim,
  memory,
}: Pick<TaskInHand, 'scope' | 'claim' | 'memory'>): Promise<void> {
  const { store, runtime } = scope;
  const open = memory.recallAll(rememberedWait, WAIT).filter(([, wait]) => wait.value === undefined);
  for (let from = 0; from < open.length; from += GET_MANY_LIMIT) {
    const waits = open.slice(from, from + GET_MANY_LIMIT);
    const keys = waits.map(([id, wait]) => waiterKey(ofStreamNamed(scope, wait.stream).tenant, wait.stream, claim, id));
    for (const [index, { version, partition, id: waiterId }] of (await store.getMany(keys, runtime.now())).entries()) {
      const wait = waits[index];
      if (wait === undefined || version === null) continue;
      const operation: Delete = { kind: 'delete', partition, id: waiterId, expects: version };
      memory.note(rememberedWait, ...wait, operation, true);
    }
  }
}
