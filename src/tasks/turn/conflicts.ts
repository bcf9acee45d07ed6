/** What a conflict of a journal's commit means. It reads nothing; a note that yields is changed in its place. */
import type { CommitResult, Delete, Put, Reading } from '../../store/store.ts';
import { headerKey } from '../records/header.ts';
import type { Commit, Standing } from './commit.ts';

/**
 * `again`: what was in the way has yielded. `header`: somebody else has changed the header. `lost`: somebody else has the
 * task, or has written what only its holder writes.
 */
export function meetConflicts(
  conflicts: Extract<CommitResult, { status: 'conflict' }>['conflicts'],
  { operations, notes }: Commit,
  { tenant, taskId }: Pick<Standing, 'tenant' | 'taskId'>,
): 'again' | 'header' | 'lost' {
  const key = headerKey(tenant, taskId);
  let met: 'again' | 'header' = 'again';
  for (const { operation, found } of conflicts) {
    const target = operations[operation];
    const yielding = [...notes.values()].find(({ beside, yields }) => yields === true && beside === target);
    if (target?.kind !== 'append' && target?.id === key.id && target.partition === key.partition) {
      met = 'header';
    } else if (yielding) {
      yielding.beside = insteadOf(yielding.beside, found);
    } else {
      return 'lost';
    }
  }
  return met;
}

/** What a write that yields becomes when its record is another: a put is left out, a delete deletes what is there. */
function insteadOf(beside: Put | Delete | undefined, found: Reading): Delete | undefined {
  return beside?.kind === 'delete' && found.version !== null ? { ...beside, expects: found.version } : undefined;
}
