/**
 * Waiters that nobody waits for any more, and those that are due while their task cannot be entered. What is missed here
 * goes when it expires, or when it comes to hold; a record that is due for ever would keep others from being found.
 */
import { asTidegateError } from '../../base/errors.ts';
import type { Json } from '../../base/json.ts';
import { commitSurely } from '../../store/commit.ts';
import { GET_MANY_LIMIT, LIST_LIMIT } from '../../store/limits.ts';
import { type Delete, type DueRecord, isPresent, type Operation } from '../../store/store.ts';
import type { Deps } from '../../streams/deps.ts';
import type { NoClaim } from '../records/claim.ts';
import { isWaiter, REMEMBERED, taskPartition, waiterKey } from '../records/names.ts';
import type { Turn, TurnEnd } from './shared.ts';
import { WAIT, type Wait } from './wait.ts';
import type { Scope } from '../../streams/scope.ts';

/** Before a due waiter whose task could not be entered is looked at again, and up to as much more, ms. */
const LATER_MS = 2_000;

/** Removes the waiters of a task that have not come to hold with the commit that ends it. */
export async function giveUpWaits({ deps, claim, journal }: Pick<Turn, 'deps' | 'claim' | 'journal'>): Promise<void> {
  const { store, runtime } = deps;
  const open = journal.recallAll(WAIT).filter(([, wait]) => isOpen(wait));
  for (let from = 0; from < open.length; from += GET_MANY_LIMIT) {
    const waits = open.slice(from, from + GET_MANY_LIMIT);
    const keys = waits.map(([id, wait]) => waiterKey(claim.tenant, streamOf(wait), claim.taskId, id));
    for (const [index, { version, ...key }] of (await store.getMany(keys, runtime.now())).entries()) {
      const [id, wait] = waits[index] ?? [];
      if (id === undefined || version === null) continue;
      const operation: Delete = { kind: 'delete', partition: key.partition, id: key.id, expects: version };
      journal.note(id, wait as Exclude<Json, null>, operation, true);
    }
  }
}

/** Removes the waiters of a task that was ended from outside. What fails is logged. */
export async function dropWaits(scope: Scope, taskId: string, deadline: number): Promise<void> {
  const { store, runtime, tenant } = scope;
  try {
    for (let after: string | null = ''; after !== null;) {
      const page = await store.list(taskPartition(tenant, taskId), {
        now: runtime.now(),
        limit: LIST_LIMIT,
        prefix: REMEMBERED + WAIT,
        ...(after === '' ? {} : { after }),
      });
      const open = page.records.filter(({ value }) => isOpen(value));
      for (const { id, value } of open) {
        const key = waiterKey(tenant, streamOf(value), taskId, id.slice(REMEMBERED.length));
        const { version } = await store.get(key, runtime.now());
        if (version === null) continue;
        await commitSurely(runtime, store, [{ kind: 'delete', ...key, expects: version }], deadline);
      }
      after = page.next;
    }
  } catch (thrown) {
    const { code, message } = asTidegateError(thrown);
    runtime.log('warn', 'waits of a task that was cancelled stay until they expire', { taskId, code, message });
  }
}

/**
 * What becomes of a due waiter after its task was looked at: one that is still due would be found again at once, and
 * again. Errors as `commitSurely`.
 */
export async function settleDue(
  { store, runtime }: Deps,
  { partition, id }: DueRecord,
  end: TurnEnd | NoClaim,
  deadline: number,
): Promise<void> {
  if (!isWaiter({ partition }) || end === 'outrun' || (typeof end === 'object' && end.outcome !== 'left')) return;
  const now = runtime.now();
  const reading = await store.get({ partition, id }, now);
  if (!isPresent(reading) || reading.due === null || reading.due.at > now) return;
  const { version: expects, value, expiresAt, due } = reading;
  const at = Math.round(now + LATER_MS * (1 + runtime.random()));
  const operation: Operation =
    end === 'ended'
      ? { kind: 'delete', partition, id, expects }
      : { kind: 'put', partition, id, value: value as Exclude<Json, null>, expects, expiresAt, due: { ...due, at } };
  await commitSurely(runtime, store, [operation], deadline);
}

function isOpen(wait: Json): boolean {
  return (wait as unknown as Wait).value === undefined;
}

function streamOf(wait: Json): string {
  return (wait as unknown as Wait).stream;
}
