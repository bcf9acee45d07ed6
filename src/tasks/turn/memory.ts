/**
 * What a turn remembers of its task: read once, when the turn begins, and noted for the commits of the turn. It commits
 * nothing itself; the journal takes what was noted and reports what was stored.
 */
import { listAll } from '../../store/list-all.ts';
import type { StoredValue } from '../../base/codec.ts';
import type { RecordType } from '../../store/record.ts';
import type { Delete, Put, StoredRecord, Version } from '../../store/store.ts';
import type { Claim } from '../records/claim.ts';
import type { TaskDeps } from '../records/find-task.ts';
import { rememberedKind, type Remembered, REMEMBERED } from '../records/remembered.ts';
import { taskPartition } from '../records/names.ts';

/** What was noted under one id, or was stored before. */
export interface Note {
  stored: StoredValue;
  /** Of the record as it is stored; null: it is not yet. */
  version: Version | null;
  beside?: Put | Delete | undefined;
  yields?: boolean;
}

export interface Memory {
  recall<Value extends Remembered>(kind: RecordType<Value>, id: string): Value | undefined;
  has(id: string): boolean;
  /** All of a kind that is remembered under ids with a prefix. */
  recallAll<Value extends Remembered>(kind: RecordType<Value>, prefix: string): [id: string, value: Value][];
  /** All that is remembered, of every kind. */
  all(): Remembered[];
  /** The version that the last commit gave what is remembered, and what was put beside it; null: there was no commit yet. */
  versionOf(id: string): Version | null;
  /** How many things are remembered. */
  size(): number;
  /**
   * Remembers a value with the next commit that has room for it. `beside` is written in the same commit. Where the record of
   * `beside` has become another, the task counts as lost, unless `beside` yields: a put is left out then, and a delete
   * deletes what is found there. Of two notes under one id before a commit the later counts, with what is beside it.
   */
  note<Value extends Remembered>(
    kind: RecordType<Value>,
    id: string,
    value: Value,
    beside?: Put | Delete,
    yields?: boolean,
  ): void;
  /** Whether something is noted that no commit has taken. */
  hasNoted(): boolean;
}

/** The journal's side of it. */
export interface JournaledMemory extends Memory {
  /** Reads all that is stored. @throws TidegateError `newer_version`; errors as the store's */
  load(deps: Pick<TaskDeps, 'store' | 'runtime'>): Promise<void>;
  /** Takes in records that somebody else has written. */
  learn(records: readonly StoredRecord[]): void;
  /** What no commit has taken, in the order in which it was first noted. */
  noted(): [id: string, note: Note][];
  /** A commit has stored these notes. What was noted anew meanwhile stays for the next one. */
  stored(notes: ReadonlyMap<string, Note>, version: Version): void;
}

export function createMemory({ tenant, taskId }: Pick<Claim, 'tenant' | 'taskId'>): JournaledMemory {
  const remembered = new Map<string, Note>();
  const fresh = new Set<string>();

  function learn(records: readonly StoredRecord[]): void {
    for (const { id: stored, value, version } of records) {
      const id = stored.slice(REMEMBERED.length);
      // What this release cannot read ends the turn before it has done anything.
      rememberedKind(id).decode(value);
      remembered.set(id, { stored: value, version });
    }
  }

  return {
    recall(kind, id) {
      const note = remembered.get(id);
      return note && kind.decode(note.stored);
    },
    has: (id) => remembered.has(id),
    recallAll: (kind, prefix) =>
      [...remembered].flatMap(([id, { stored }]) => (id.startsWith(prefix) ? [[id, kind.decode(stored)]] : [])),
    all: () => [...remembered].map(([id, { stored }]) => rememberedKind(id).decode(stored)),
    versionOf: (id) => remembered.get(id)?.version ?? null,
    size: () => remembered.size,
    note(kind, id, value, beside, yields = false) {
      const version = remembered.get(id)?.version ?? null;
      remembered.set(id, { stored: kind.encode(value), version, beside, yields });
      fresh.add(id);
    },
    hasNoted: () => fresh.size > 0,

    async load(deps) {
      for await (const records of listAll(deps, taskPartition(tenant, taskId), { prefix: REMEMBERED })) learn(records);
    },
    learn,
    noted() {
      return [...fresh].flatMap((id): [string, Note][] => {
        const note = remembered.get(id);
        return note ? [[id, note]] : [];
      });
    },
    stored(notes, version) {
      for (const [id, note] of notes) {
        const latest = remembered.get(id);
        if (latest) latest.version = version;
        if (latest === note) fresh.delete(id);
      }
    },
  };
}
