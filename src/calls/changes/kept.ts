/** What listeners need of an entry, of each kind of log that they listen to; and the one watch of a process for all of them. */
import { isGap } from '../../base/event.ts';
import type { Runtime } from '../../base/runtime.ts';
import { normalUri } from '../../base/uri.ts';
import { withPokes } from '../../store/watch/log-pokes.ts';
import type { LogWatch } from '../../store/watch/listener.ts';
import { createLogWatch } from '../../store/watch/log-watch.ts';
import type { LogEntry, Store } from '../../store/store.ts';
import { type Hint, hint } from '../../streams/hints.ts';
import { isRemoval } from '../../streams/log/removals.ts';
import { loggedEvent } from '../../streams/log/stream-log.ts';
import { taskChange } from '../../tasks/records/task-log.ts';

export type KeptEntry =
  /**
   * An event of a stream; null: it concerns every key, as a gap and a removal do. `entry` is the event itself, where there was room
   * for it and nothing was removed: who needs it and finds none reads the log.
   */
  | { key: string | undefined | null; entry?: LogEntry }
  /** The id of a task, as it is stored, and the session in which it was begun. */
  | { task: string; session?: string | undefined }
  /** A resource is named by the normal form of its URI: who tells of it may spell it otherwise than who listens. */
  | Hint;

export type ChangeWatch = LogWatch<KeptEntry>;

/** Logs are named `<tenant>/<kind>/…`, and tenants have no slash. @param hasRoom for an event of so many characters; default: no */
export function keptOf(
  log: string,
  entry: LogEntry,
  hasRoom: (characters: number) => boolean = () => false,
): KeptEntry | null {
  switch (log.split('/', 2)[1]) {
    case 'stream': {
      const event = loggedEvent.read(entry);
      const key = isGap(event) ? null : event.key;
      // Where something was removed, each reader has to obey (`streams/log/removals.ts`).
      return !isRemoval(event) && hasRoom(JSON.stringify(entry.value).length) ? { key, entry } : { key };
    }
    case 'task-log': {
      const { taskId, session } = taskChange.read(entry);
      return session === undefined ? { task: taskId } : { task: taskId, session };
    }
    case 'hints':
      return withNormalUri(hint.read(entry));
    default:
      return null;
  }
}

function withNormalUri(read: Hint): Hint {
  return 'resource' in read ? { ...read, resource: normalUri(read.resource) } : read;
}

/** Larger entries are read again by who needs them, and so is what comes within a minute beyond so many characters. */
const MOST_ENTRY_CHARACTERS = 8_192;
const MOST_CHARACTERS = 4_194_304;
const MINUTE_MS = 60_000;

/** What is kept of an entry is a minute old at most, so this bounds how much it is at a time. */
function createRoom({ now }: Pick<Runtime, 'now'>): (characters: number) => boolean {
  let minute = 0;
  let [before, taken] = [0, 0];
  return (characters) => {
    const at = Math.floor(now() / MINUTE_MS);
    if (at !== minute) [minute, before, taken] = [at, at === minute + 1 ? taken : 0, 0];
    if (characters > MOST_ENTRY_CHARACTERS || before + taken + characters > MOST_CHARACTERS) return false;
    taken += characters;
    return true;
  };
}

/** The same, with a store whose commits are heard at once by who listens in this process, and with the watch to listen by. */
export function watchChanges<Given extends { store: Store; runtime: Runtime }>(
  given: Given,
): Given & { watch: ChangeWatch } {
  const hasRoom = createRoom(given.runtime);
  const watch = createLogWatch<KeptEntry>(given.runtime, (log, entry) => keptOf(log, entry, hasRoom));
  return { ...given, watch, store: withPokes(given.store, (log) => watch.poke(log)) };
}
