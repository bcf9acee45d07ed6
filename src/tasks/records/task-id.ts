/**
 * Ids of tasks. An id ends in a mark of its owner, so that nothing is read for who asks for another's: what is there would
 * take longer to read than what is not, and its time would tell that it is there. The mark protects nothing; whose a task is,
 * its header says. Ids of releases before this one have none, and are read for everybody.
 */
import { digestOf } from '../../base/digest.ts';
import type { Owner } from '../../base/principal.ts';
import type { Runtime } from '../../base/runtime.ts';

/** 22 characters of `newId`, which are all that an id had before, and the mark. */
const MARKED = /^([\w-]{22})([\da-f]{8})$/;

export function newTaskId({ newId }: Pick<Runtime, 'newId'>, owner: Owner): string {
  const own = newId();
  return `${own}${markOf(own, owner)}`;
}

/** The id to read for who asks: that of no task, of the same form, where the task cannot be its own. */
export function idToRead(taskId: string, owner: Owner): string {
  const [, own, mark] = MARKED.exec(taskId) ?? [];
  return own === undefined || mark === markOf(own, owner) ? taskId : `nobodys-${taskId}`;
}

function markOf(own: string, { tenant, subject }: Owner): string {
  return digestOf(JSON.stringify([tenant, subject, own])).slice(0, 8);
}
