/**
 * Opening the SQLite file: who may read it, its settings and its schema, and words for what keeps it from being used. The
 * file and the two beside it, `-wal` and `-shm`, are one database: none of them may go alone.
 */
import { chmodSync, closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { innermostReason, TidegateError } from '../../base/errors.ts';
import { isOfFile, toStoreError } from './errors.ts';
import { beginLife, lookBeside, type SqliteHeader, type SqliteLife } from './life.ts';
import { checkOurs, migrate } from './migrations.ts';

/** For its owner alone: the data is worth as much as the secret beside it. */
const MODE = 0o600;

/** The files of a database; none where it is kept in no file. */
export function filesOf(path: string): string[] {
  return path === ':memory:' ? [] : [path, `${path}-wal`, `${path}-shm`];
}

export interface OpenedDatabase {
  database: DatabaseSync;
  life: SqliteLife;
  /** Closes the file, and may be called again. */
  close: () => void;
}

/**
 * @param busyMs how long another process's lock is waited for, ms, which stops the thread
 * @throws TidegateError naming `SQLITE_PATH`: `invalid_config`, `store_full`, `store_damaged`; `store_unavailable` where another
 * process holds it
 */
export function openDatabase(path: string, busyMs: number): OpenedDatabase {
  let database: DatabaseSync | null = null;
  let held: HeldFile | null = null;
  const close = () => {
    if (database?.isOpen) database.close();
    held?.release();
  };
  try {
    const files = filesOf(path);
    if (files.length > 0) {
      checkTogether(path);
      held = holdFile(path);
      files.forEach(narrow);
    }
    const beside = lookBeside(path, held);
    database = new DatabaseSync(path);
    database.exec(`PRAGMA busy_timeout = ${busyMs}`);
    checkOurs(database);
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    // What a page held before is overwritten, where that page is written anyway.
    database.exec('PRAGMA secure_delete = FAST');
    migrate(database);
    const life = beginLife(database, path, { header: held, beside });
    // From now on nothing waits in SQLite: see `patience.ts`.
    database.exec('PRAGMA busy_timeout = 0');
    return { database, life, close };
  } catch (thrown) {
    close();
    throw unusable(thrown, path);
  }
}

/** What keeps the file from being used, for who chose it. */
export function unusable(thrown: unknown, path: string): TidegateError {
  if (thrown instanceof TidegateError) return thrown;
  const [field, cause] = ['SQLITE_PATH', thrown];
  if (isOfFile(thrown)) {
    const { code, message, hint, retryAfterMs } = toStoreError(thrown, path);
    const expected = 'a file of Tidegate that is whole, that no other program holds, and that has room on its disk';
    const more = { ...(hint === null ? {} : { hint }), ...(retryAfterMs === null ? {} : { retryAfterMs }) };
    return new TidegateError(code, message, { field, expected, ...more, cause });
  }
  return new TidegateError('invalid_config', `SQLITE_PATH: ${path} cannot be used: ${innermostReason(thrown)}`, {
    field,
    expected: 'a file of this version of Tidegate, or none yet, in a folder that exists and may be written to',
    cause,
  });
}

/**
 * @throws TidegateError `store_damaged` where the write-ahead log is missing. After a kill it is there with its index, which
 * whoever uses the file last removes before the log.
 */
function checkTogether(path: string): void {
  const [file, wal, index] = filesOf(path).map((each) => statSync(each, { throwIfNoEntry: false }));
  if (file === undefined || file.size === 0 || wal !== undefined || index === undefined) return;
  throw new TidegateError('store_damaged', `${path}-wal is gone, and with it the newest writes to ${path}`, {
    field: 'SQLITE_PATH',
    expected: 'the three files of a database together: the file, -wal and -shm',
    hint: `put ${path}-wal back; or remove ${path}-shm too, to go on without those writes`,
  });
}

/** Takes rights from others. What belongs to another user stays as it is, which `findings` tells. */
function narrow(file: string): void {
  try {
    if ((statSync(file).mode & 0o077) !== 0) chmodSync(file, MODE);
  } catch {
    // It is not there yet, and will get the rights of the database's file.
  }
}

interface Held {
  key: string;
  descriptor: number;
  users: number;
}

const heldFiles = new Map<string, Held>();

interface HeldFile extends SqliteHeader {
  /** Called when SQLite has closed the file. */
  release: () => void;
}

/**
 * A descriptor of the file beside SQLite's own; it makes the file where there is none. By POSIX, a process that closes any descriptor of a
 * file gives up all its locks on it, those of SQLite among them: another process then takes itself for the last one, and removes the
 * write-ahead log (SQLite notices that from 3.51 on; Node 22 has one before). It is therefore opened before SQLite opens the file,
 * shared by all stores of the process that use the file, and closed after them. Threads do not share it: two threads of one process
 * may not open one file.
 * @throws what the system reports
 */
function holdFile(path: string): HeldFile {
  const there = statSync(path, { throwIfNoEntry: false, bigint: true });
  const held = (there === undefined ? undefined : heldFiles.get(keyOf(there))) ?? heldAnew(path);
  held.users += 1;
  let isHeld = true;
  return {
    numberAt(offset) {
      const bytes = Buffer.alloc(4);
      return readSync(held.descriptor, bytes, 0, 4, offset) === 4 ? bytes.readInt32BE() : null;
    },
    size: () => fstatSync(held.descriptor).size,
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

function heldAnew(path: string): Held {
  const descriptor = openSync(path, 'a+', MODE);
  const held = { key: keyOf(fstatSync(descriptor, { bigint: true })), descriptor, users: 0 };
  heldFiles.set(held.key, held);
  return held;
}

const keyOf = ({ dev, ino }: { dev: bigint; ino: bigint }) => `${dev}:${ino}`;
