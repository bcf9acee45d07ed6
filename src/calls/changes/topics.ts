/**
 * What a caller wants to hear of, and which logs tell of it. Everything is looked for in the logs of the caller's own tenant, in
 * those of streams that all share, and in the hints for all: so nobody hears of what belongs to another. Pure.
 */
import { APP_TENANT, type Owner, type Principal } from '../../base/principal.ts';
import { normalUri } from '../../base/uri.ts';
import type { DeclaredStream } from '../../declare/stream.ts';
import { hintsLog, type ListName } from '../../streams/hints.ts';
import { streamLog } from '../../streams/log/stream-log.ts';
import { ofStream } from '../../streams/scope.ts';
import { idToRead } from '../../tasks/records/task-id.ts';
import { taskLog } from '../../tasks/records/task-log.ts';
import type { KeptEntry } from './kept.ts';

export type Changed =
  /** What a read of the URI answers may be another. The URI is as who listens wrote it. */
  | { of: 'resource'; uri: string }
  | { of: 'list'; list: ListName }
  /** By the id that clients hold. */
  | { of: 'task'; id: string };

/** What changes a resource: events of a stream. */
export interface ResourceSource {
  stream: DeclaredStream;
  /** Events of this key alone; gaps and removals always count. Absent: all. */
  key?: string;
}

export interface WantedTask {
  id: string;
  /** Whose it is: the caller's own, or of one whom it may act for. */
  owner: Owner;
}

/** What somebody wants to hear of and may: all of it is known to exist for the caller. */
export interface Wanted {
  resources: readonly { uri: string; sources: readonly ResourceSource[] }[];
  lists: readonly ListName[];
  tasks: readonly WantedTask[];
}

/** What of a log is wanted. */
export interface Interest {
  /** Whatever may have changed where entries were missed. */
  all: ReadonlySet<Changed>;
  /** @returns what an entry changes */
  of(kept: KeptEntry): Iterable<Changed>;
}

interface Making {
  all: Set<Changed>;
  whole: Set<Changed>;
  byKey: Map<string, Set<Changed>>;
  /** By the normal form of the URI: one listener may spell it in more than one way. */
  resources: Map<string, Set<Changed>>;
  lists: Map<ListName, Changed>;
  tasks: Map<string, Changed>;
  /** Only hints for every tenant count. */
  onlyForAll: boolean;
}

/** By the name of the log. */
export function interestsOf(principal: Principal, { resources, lists, tasks }: Wanted): Map<string, Interest> {
  const logs = new Map<string, Making>();

  function of(log: string): Making {
    const standing = logs.get(log);
    if (standing) return standing;
    const made: Making = {
      all: new Set(),
      whole: new Set(),
      byKey: new Map(),
      resources: new Map(),
      lists: new Map(),
      tasks: new Map(),
      onlyForAll: log === hintsLog(APP_TENANT) && principal.tenant !== APP_TENANT,
    };
    logs.set(log, made);
    return made;
  }

  const hinted = [of(hintsLog(principal.tenant)), of(hintsLog(APP_TENANT))];
  for (const { uri, sources } of resources) {
    const change: Changed = { of: 'resource', uri };
    for (const { stream, key } of sources) {
      const log = of(streamLog(ofStream(principal, stream).tenant, stream.name));
      log.all.add(change);
      if (key === undefined) log.whole.add(change);
      else log.byKey.set(key, (log.byKey.get(key) ?? new Set()).add(change));
    }
    const name = normalUri(uri);
    for (const log of hinted) {
      log.all.add(change);
      log.resources.set(name, (log.resources.get(name) ?? new Set()).add(change));
    }
  }
  for (const list of lists) {
    const change: Changed = { of: 'list', list };
    for (const log of hinted) {
      log.all.add(change);
      log.lists.set(list, change);
    }
  }
  for (const { id, owner } of tasks) {
    const change: Changed = { of: 'task', id };
    const log = of(taskLog(owner));
    log.all.add(change);
    log.tasks.set(idToRead(id, owner), change);
  }
  return new Map([...logs].filter(([, { all }]) => all.size > 0).map(([log, made]) => [log, interestOf(made)]));
}

function interestOf(made: Making): Interest {
  return {
    all: made.all,
    of(kept) {
      if ('key' in kept) {
        if (kept.key === null) return made.all;
        return [...made.whole, ...(kept.key === undefined ? [] : (made.byKey.get(kept.key) ?? []))];
      }
      return hintedBy(made, kept);
    },
  };
}

function hintedBy(
  { resources, lists, tasks, onlyForAll }: Making,
  kept: Exclude<KeptEntry, { key: unknown }>,
): Iterable<Changed> {
  if ('task' in kept) return present(tasks.get(kept.task));
  if ('session' in kept || (onlyForAll && kept.all !== true)) return [];
  return 'list' in kept ? present(lists.get(kept.list)) : (resources.get(kept.resource) ?? []);
}

function present(change: Changed | undefined): Changed[] {
  return change === undefined ? [] : [change];
}

/** The same text for the same change. */
export function nameOfChange(change: Changed): string {
  if (change.of === 'resource') return `r ${change.uri}`;
  return change.of === 'list' ? `l ${change.list}` : `t ${change.id}`;
}
