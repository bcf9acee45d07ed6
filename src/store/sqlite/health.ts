/** What can be wrong with the SQLite file while it is open, beyond what SQLite reports by itself. It mends nothing. */
import { readFileSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { TidegateError } from '../../base/errors.ts';
import type { StoreFinding } from '../store.ts';
import { isDamage, MEND_DAMAGED, MEND_FULL, toStoreError } from './errors.ts';
import type { SqliteLife } from './life.ts';
import { filesOf } from './open.ts';

/**
 * So much of the disk is kept for what frees room: retention and removals write too, into the write-ahead log first.
 * 16 MiB: a full log of 4 MB and the largest commit, twice.
 */
const RESERVE_BYTES = 16 * 1_048_576;
/** A file up to here is read once to look for damage, which takes about 1.5 ms a MiB and stops the thread. */
const READ_BYTES = 128 * 1_048_576;

export interface SqliteHealth {
  /** The error for a file that is no longer the one that was opened; null: all are. */
  moved(): TidegateError | null;
  /** The error for a file that something else cut short; null: nothing did. It costs little: ask before each write. */
  cut(): TidegateError | null;
  /** The error for a disk with no more than the reserve left, beside the free pages of the file; null: there is more. */
  full(): TidegateError | null;
  /** Has to be told what SQLite threw: damage that a call met is found from then on. */
  met(thrown: unknown): void;
  /** The first time it also reads a file that is small. @param thorough reads all of the file, whatever its size */
  findings(thorough: boolean): StoreFinding[];
}

/** @param life what the opening found is told once */
export function createSqliteHealth(
  database: DatabaseSync,
  path: string,
  life: Pick<SqliteLife, 'putBack' | 'isOverwritten' | 'isCutShort'>,
): SqliteHealth {
  let untold = life.putBack;
  const files = filesOf(path);
  const opened = files.map(identityOf);
  let damage: TidegateError | null = null;
  let isRead = false;

  function moved(): TidegateError | null {
    if (!database.isOpen) return null;
    const short = cut();
    if (short !== null) return short;
    const at = files.findIndex((file, index) => identityOf(file) !== opened[index]);
    const file = files[at];
    if (file === undefined && !(files.length > 0 && life.isOverwritten())) return null;
    const what = file === undefined ? 'overwritten' : identityOf(file) === null ? 'deleted' : 'replaced';
    return new TidegateError('store_damaged', `${file ?? path} was ${what} while it was in use`, {
      field: 'SQLITE_PATH',
      hint: 'end the server before files of its database are touched; start it again, and it uses the ones that are there',
    });
  }

  function cut(): TidegateError | null {
    if (!database.isOpen || !life.isCutShort()) return null;
    return new TidegateError('store_damaged', `${path} was cut short while it was in use`, {
      field: 'SQLITE_PATH',
      hint: MEND_DAMAGED,
    });
  }

  function full(): TidegateError | null {
    if (files.length === 0 || !database.isOpen) return null;
    const { bavail, bsize, blocks } = statfsSync(dirname(path));
    const left = bavail * bsize;
    // Some file systems do not tell.
    if (blocks === 0 || left >= RESERVE_BYTES) return null;
    return left + freePages() * PAGE_BYTES < RESERVE_BYTES ? fullAt(path, left) : null;
  }

  function freePages(): number {
    return Number(database.prepare('PRAGMA freelist_count').get()?.['freelist_count']);
  }

  /** Looks for damage where the file is small enough, or it is asked for. */
  function read(whatever: boolean): void {
    isRead = true;
    const bytes = Number(database.prepare('PRAGMA page_count').get()?.['page_count']) * PAGE_BYTES;
    if (bytes > READ_BYTES && !whatever) return;
    const [first] = database.prepare('PRAGMA quick_check(1)').all();
    const said = first === undefined ? 'ok' : String(Object.values(first)[0]);
    if (said !== 'ok') damage = damaged(path, said);
  }

  return {
    moved,
    cut,
    full,
    met(thrown) {
      if (isDamage(thrown)) damage ??= toStoreError(thrown, path);
    },
    findings(thorough) {
      const gone = moved();
      if (gone !== null) return [{ error: gone, stops: true }];
      const found: StoreFinding[] = [];
      if (untold !== null) found.push({ error: untold, stops: false });
      untold = null;
      const noRoom = full();
      if (noRoom !== null) found.push({ error: noRoom, stops: true });
      const open = files.find((file) => ((statSync(file, { throwIfNoEntry: false })?.mode ?? 0) & 0o077) !== 0);
      if (open !== undefined && process.platform !== 'win32') found.push({ error: readable(open), stops: false });
      if (thorough || !isRead) read(thorough);
      if (damage !== null) found.push({ error: damage, stops: true });
      return found;
    },
  };
}

/** Of files that SQLite makes; in others the estimate of their free pages is off. */
const PAGE_BYTES = 4_096;

/** Which file this is, whatever its name; null: there is none. */
function identityOf(file: string): string | null {
  const found = statSync(file, { throwIfNoEntry: false });
  return found === undefined ? null : `${found.dev}:${found.ino}`;
}

function fullAt(path: string, left: number): TidegateError {
  return new TidegateError('store_full', `the disk of ${path} is full: it has ${left} bytes left`, {
    field: 'SQLITE_PATH',
    expected: `a disk with at least ${RESERVE_BYTES} bytes left, which retention needs to free room`,
    hint: MEND_FULL,
    retryAfterMs: 10_000,
  });
}

function readable(file: string): TidegateError {
  return new TidegateError('invalid_config', `${file} may be read or written by others, and belongs to another user`, {
    field: 'SQLITE_PATH',
    expected: 'a file of the user who runs the server, with mode 0600',
    hint: `chmod 600 ${file}`,
  });
}

function damaged(path: string, reason: string): TidegateError {
  return new TidegateError('store_damaged', `the file ${path} is damaged: ${reason}`, { hint: MEND_DAMAGED });
}

/** The first byte by which processes lock the index of the write-ahead log: it belongs to the one that writes. */
const WRITER = '120';

/** Who holds the lock of writers, where the platform tells it: ` by process 4711 (sqlite3)`; otherwise ''. */
export function holderOf(path: string): string {
  try {
    const inode = `:${statSync(`${path}-shm`).ino}`;
    const held = readFileSync('/proc/locks', 'utf8')
      .split('\n')
      .map((line) => line.split(/\s+/))
      .find((words) => words[3] === 'WRITE' && words[5]?.endsWith(inode) && words[6] === WRITER);
    const pid = held?.[4];
    return pid === undefined ? '' : ` by process ${pid} (${readFileSync(`/proc/${pid}/comm`, 'utf8').trim()})`;
  } catch {
    return '';
  }
}
