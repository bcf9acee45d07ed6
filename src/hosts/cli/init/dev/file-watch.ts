/**
 * Tells when the content of files changes. Folders are watched, not files, because editors put a new file in the place of the old
 * one. Where the system tells nothing (network drives, containers, a folder that was made anew), a look each second finds it.
 */
import { createHash } from 'node:crypto';
import { type FSWatcher, readFileSync, statSync, watch } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';

interface FileWatch {
  /** Watches these too. What is there now is what counts as unchanged. */
  add: (files: readonly string[]) => void;
  close: () => void;
}

/** How long nothing more may happen before a change is told: an editor writes in several steps. */
const CALM_MS = 80;
const LOOK_MS = 1_000;

/** @param onChange gets the files whose content is another one than it was */
export function watchFiles(onChange: (files: readonly string[]) => void): FileWatch {
  const known = new Map<string, { mark: string; content: string | null }>();
  const folders = new Map<string, FSWatcher | null>();
  let calm: NodeJS.Timeout | null = null;

  function soon(): void {
    if (calm !== null) clearTimeout(calm);
    calm = setTimeout(judge, CALM_MS);
  }

  function judge(): void {
    calm = null;
    const changed = [...known].flatMap(([file, before]) => {
      const now = stateOf(file);
      known.set(file, now);
      return now.content === before.content ? [] : [file];
    });
    if (changed.length > 0) onChange(changed);
  }

  function watchFolder(folder: string): void {
    if (folders.get(folder) != null) return;
    try {
      const watcher = watch(folder, (_event, name) => {
        if (name === null || known.has(resolve(folder, basename(name)))) soon();
      });
      const drop = () => {
        watcher.close();
        folders.set(folder, null);
      };
      watcher.on('error', drop);
      folders.set(folder, watcher);
    } catch {
      // It is not there, or the system watches no more: the look each second finds what changes.
      folders.set(folder, null);
    }
  }

  const looking = setInterval(() => {
    if ([...known].some(([file, { mark }]) => markOf(file) !== mark)) soon();
  }, LOOK_MS);

  return {
    add(files) {
      for (const file of files.map((each) => resolve(each))) {
        if (!known.has(file)) known.set(file, stateOf(file));
        watchFolder(dirname(file));
      }
    },
    close() {
      clearInterval(looking);
      if (calm !== null) clearTimeout(calm);
      for (const watcher of folders.values()) watcher?.close();
    },
  };
}

/** Null: there is no such file. */
function stateOf(file: string): { mark: string; content: string | null } {
  const mark = markOf(file);
  try {
    return { mark, content: createHash('sha256').update(readFileSync(file)).digest('base64') };
  } catch {
    return { mark, content: null };
  }
}

/** Empty: there is no such file, or nobody may look. */
function markOf(file: string): string {
  try {
    const { mtimeMs, size, ino } = statSync(file);
    return `${mtimeMs} ${size} ${ino}`;
  } catch {
    return '';
  }
}
