/**
 * Ids of tasks. An id ends in a mark of its owner, so that nothing is read for who asks for another's: what is there would
 * take longer to read than what is not, and its time would tell that it is there. The mark protects nothing; whose a task is,
 * its header says. Ids of releases before this one have none, and are read for everybody.
 */
import { digestOf } from '../../base/digest.ts';
import type { Owner, Principal } from '../../base/principal.ts';
import type { Runtime } from '../../base/runtime.ts';

/** 22 characters of `newId`, which are all that an id had before, and the mark. */
const MARKED = /^([\w-]{22})([\da-f]{8})$/;

export function newTaskId({ newId }: Pick<Runtime, 'newId'>, owner: Owner): string {
  const own = newId();
  return `${own}${markOf(own, owner)}`;
}

/** For which owners of its tenant, beside itself, a caller may see to tasks: read them, answer what they ask, cancel them. */
export type ActsFor = (principal: Principal) => readonly Owner[];

/** As whose a caller asks for a task: one for which it may act, where the id has the mark of that one; else its own. */
export function askedAs(taskId: string, principal: Principal, actsFor: ActsFor | undefined): Owner {
  if (actsFor === undefined || canBeOf(taskId, principal)) return principal;
  return actsFor(principal).find((owner) => canBeOf(taskId, owner)) ?? principal;
}

/** The id to read: that of no task, of the same form, where the task cannot be the owner's. */
export function idToRead(taskId: string, owner: Owner): string {
  return canBeOf(taskId, owner) ? taskId : `nobodys-${taskId}`;
}

function canBeOf(taskId: string, owner: Owner): boolean {
  const [, own, mark] = MARKED.exec(taskId) ?? [];
  return own === undefined || mark === markOf(own, owner);
}

function markOf(own: string, { tenant, subject }: Owner): string {
  return digestOf(JSON.stringify([tenant, subject, own])).slice(0, 8);
}
