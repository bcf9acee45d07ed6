/** What there is to tell of triggers: where each stands, what it has found last, and what went wrong. */
import type { DeclaredTrigger } from '../declare/trigger.ts';
import { GET_MANY_LIMIT } from '../store/limits.ts';
import { ofStream, type Scope } from '../streams/scope.ts';
import { triggerKey } from './names.ts';
import { type StoredTrigger, triggerRecord } from './record.ts';

export interface ListedTrigger {
  trigger: DeclaredTrigger;
  /** As it was stored last; null: it was not judged yet. */
  stored: StoredTrigger | null;
}

/** One store call for each 100 triggers. @throws TidegateError `newer_version` */
export async function readTriggers(scope: Scope, triggers: readonly DeclaredTrigger[]): Promise<ListedTrigger[]> {
  const states: ListedTrigger[] = [];
  for (let from = 0; from < triggers.length; from += GET_MANY_LIMIT) {
    const some = triggers.slice(from, from + GET_MANY_LIMIT);
    const keys = some.map((trigger) => triggerKey(ofStream(scope, trigger).tenant, trigger.name));
    const readings = await scope.store.getMany(keys, scope.runtime.now());
    for (const [index, trigger] of some.entries()) {
      const reading = readings[index];
      states.push({ trigger, stored: reading === undefined ? null : triggerRecord.read(reading) });
    }
  }
  return states;
}
