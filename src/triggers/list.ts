/** What there is to tell of triggers: where each stands, what it has found last, what it began, and what went wrong. */
import type { DeclaredTrigger } from '../declare/trigger.ts';
import { GET_MANY_LIMIT } from '../store/limits.ts';
import type { Reading, RecordKey } from '../store/store.ts';
import { ofStream, type Scope } from '../streams/scope.ts';
import { triggerKey } from './names.ts';
import { reactionNotes, type ReactionNotes, reactionsKey } from './reaction-notes.ts';
import { type StoredTrigger, triggerRecord } from './record.ts';

export interface ListedTrigger {
  trigger: DeclaredTrigger;
  /** As it was stored last; null: it was not judged yet. */
  stored: StoredTrigger | null;
  /** Null: it began no task yet, or begins none. */
  reactions: ReactionNotes | null;
}

/** One store call for each 100 triggers, of which those count twice that begin tasks. @throws TidegateError `newer_version` */
export async function readTriggers(scope: Scope, triggers: readonly DeclaredTrigger[]): Promise<ListedTrigger[]> {
  const reacting = triggers.filter(({ starts }) => starts !== null);
  const at = (key: typeof triggerKey) => (trigger: DeclaredTrigger) =>
    key(ofStream(scope, trigger).tenant, trigger.name);
  const readings = await readAll(scope, [...triggers.map(at(triggerKey)), ...reacting.map(at(reactionsKey))]);
  return triggers.map((trigger, index) => {
    const stored = readings[index];
    const reactions = readings[triggers.length + reacting.indexOf(trigger)];
    return {
      trigger,
      stored: stored === undefined ? null : triggerRecord.read(stored),
      reactions: trigger.starts === null || reactions === undefined ? null : reactionNotes.read(reactions),
    };
  });
}

async function readAll({ store, runtime }: Scope, keys: readonly RecordKey[]): Promise<Reading[]> {
  const readings: Reading[] = [];
  for (let from = 0; from < keys.length; from += GET_MANY_LIMIT) {
    readings.push(...(await store.getMany(keys.slice(from, from + GET_MANY_LIMIT), runtime.now())));
  }
  return readings;
}
