/**
 * A descriptor of the SQLite file beside SQLite's own, for what stands in its header. By POSIX, a process that closes any
 * descriptor of a file gives up all its locks on it, those of SQLite among them: another process then takes itself for the last
 * one and removes the write-ahead log (SQLite knows that from 3.51 on, and Node 22 has an earlier one). It is therefore opened
 * before SQLite opens the file, shared by all stores of the process that use the file, and closed after them.
 * Threads do not share it: two threads of one process may not open one file.
 */
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';

interface Held {
  key: string;
  descriptor: number;
  users: number;
}

const heldFiles = new Map<string, Held>();

export interface SqliteDescriptor {
  /** A number of 32 bits in the file; null: it is not so long. */
  numberAt: (offset: number) => number | null;
  /** Called when SQLite has closed the file. */
  release: () => void;
}

/**
 * Opens the file, and makes it where there is none.
 * @param mode of a file that is made
 * @throws what the system reports
 */
export function holdFile(path: string, mode: number): SqliteDescriptor {
  const there = statSync(path, { throwIfNoEntry: false, bigint: true });
  const held = (there === undefined ? undefined : heldFiles.get(keyOf(there))) ?? opened(path, mode);
  held.users += 1;
  let isHeld = true;
  return {
    numberAt(offset) {
      const bytes = Buffer.alloc(4);
      return readSync(held.descriptor, bytes, 0, 4, offset) === 4 ? bytes.readInt32BE() : null;
    },
    release() {
      if (!isHeld) return;
      isHeld = false;
      held.users -= 1;
      if (held.users > 0) return;
      heldFiles.delete(held.key);
      closeSync(held.descriptor);
    },
  };
}

function opened(path: string, mode: number): Held {
  const descriptor = openSync(path, 'a+', mode);
  const held = { key: keyOf(fstatSync(descriptor, { bigint: true })), descriptor, users: 0 };
  heldFiles.set(held.key, held);
  return held;
}

const keyOf = ({ dev, ino }: { dev: bigint; ino: bigint }) => `${dev}:${ino}`;
