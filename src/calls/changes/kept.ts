/** What listeners need of an entry, of each kind of log that they listen to; and the one watch of a process for all of them. */
import { isGap } from '../../base/event.ts';
import type { Runtime } from '../../base/runtime.ts';
import { withPokes } from '../../store/log-pokes.ts';
import { createLogWatch, type LogWatch } from '../../store/log-watch.ts';
import type { LogEntry, Store } from '../../store/store.ts';
import { type Hint, hint } from '../../streams/hints.ts';
import { loggedEvent } from '../../streams/log/stream-log.ts';
import { taskChange } from '../../tasks/records/task-log.ts';

export type KeptEntry =
  /** An event of a stream; null: it concerns every key, as a gap and a removal do. */
  | { key: string | undefined | null }
  /** The id of a task, as it is stored, and the session in which it was begun. */
  | { task: string; session?: string | undefined }
  | Hint;

export type ChangeWatch = LogWatch<KeptEntry>;

/** Logs are named `<tenant>/<kind>/…`, and tenants have no slash. */
export function keptOf(log: string, entry: Pick<LogEntry, 'value'>): KeptEntry | null {
  switch (log.split('/', 2)[1]) {
    case 'stream': {
      const event = loggedEvent.read(entry);
      return { key: isGap(event) ? null : event.key };
    }
    case 'task-log': {
      const { taskId, session } = taskChange.read(entry);
      return session === undefined ? { task: taskId } : { task: taskId, session };
    }
    case 'hints':
      return hint.read(entry);
    default:
      return null;
  }
}

/** The same, with a store whose commits are heard at once by who listens in this process, and with the watch to listen by. */
export function watchChanges<Given extends { store: Store; runtime: Runtime }>(
  given: Given,
): Given & { watch: ChangeWatch } {
  const watch = createLogWatch<KeptEntry>(given.runtime, keptOf);
  return { ...given, watch, store: withPokes(given.store, (log) => watch.poke(log)) };
}
