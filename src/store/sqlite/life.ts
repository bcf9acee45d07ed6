/**
 * Whether the SQLite file is the one that was used last, as it was left. The header says which file it was (by inode and birth) and
 * whether it was in use, in `application_id`: a copy is told by the former, and a file without its write-ahead log by the latter.
 * It cannot tell a copy that was written over the file itself from that file, where nothing used it when it was copied.
 */
import { statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { fnv1a } from '../../base/digest.ts';
import { TidegateError } from '../../base/errors.ts';

/** `application_id`: who it is of in the first byte, a bit that is set while it is used, and a digest of which file it is. */
const OURS = 0x54;
const IN_USE = 0x80_00_00;
const FILE = 0x7f_ff_ff;
/** Where it stands in the file. */
const OFFSET = 68;
/** Where the bytes of a page stand, in two bytes, and how many pages there are. */
const PAGE_BYTES_AT = 16;
const PAGES_AT = 28;
/** A process that is killed while it begins or ends leaves less than this in the log of a file that is marked as left. */
const BEGUN_BYTES = 65_536;

export interface SqliteHeader {
  /** A number of 32 bits in the file; null: it is not so long. */
  numberAt: (offset: number) => number | null;
  /** Bytes of the file. */
  size: () => number;
}

export interface SqliteLife {
  /** Why the file may be in an earlier state than it once was; null: there is no sign of that. */
  putBack: TidegateError | null;
  /** Whether something else was written over the file, which says that nobody uses it. */
  isOverwritten(): boolean;
  /**
   * Whether something else cut the file short since this was asked last. It stays so: what is written behind the cut makes the file
   * long again, with nothing in between.
   */
  isCutShort(): boolean;
  /** Called before it is closed: marks it as left, where nobody else uses it. It does not throw. */
  leave(): void;
}

interface Beside {
  /** Bytes of the write-ahead log; null: there is none. */
  log: number | null;
  /** The mark in the file itself; null: there is no file. */
  mark: number | null;
}

/** What stands there before SQLite opens the file, which changes it. @param header null: it is kept in no file */
export function lookBeside(path: string, header: SqliteHeader | null): Beside {
  return { log: statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? null, mark: markIn(header) };
}

function markIn(header: SqliteHeader | null): number | null {
  try {
    return header?.numberAt(OFFSET) ?? null;
  } catch {
    return null;
  }
}

/** How long the file is by its header; Infinity where there is none. */
function bytesOf({ numberAt }: SqliteHeader): number {
  const [pageBytes, pages] = [numberAt(PAGE_BYTES_AT), numberAt(PAGES_AT)];
  if (pageBytes === null || pages === null) return Infinity;
  return (pageBytes >>> 16) * pages;
}

const isOurs = (mark: number) => mark >>> 24 === OURS;
const isLeft = (mark: number) => isOurs(mark) && (mark & IN_USE) === 0;

/**
 * Called when the file is open and has its schema.
 * @throws TidegateError `store_damaged` where file and write-ahead log are of two moments
 */
export function beginLife(
  database: DatabaseSync,
  path: string,
  { header, beside }: { header: SqliteHeader | null; beside: Beside },
): SqliteLife {
  if (header === null) return { putBack: null, isOverwritten: () => false, isCutShort: () => false, leave: () => {} };
  const stored = Number(database.prepare('PRAGMA application_id').get()?.['application_id']);
  const files = filesLike(path);
  const putBack = isOurs(stored) ? judge(database, path, { stored, files, ...beside }) : null;
  const idOf = (use: number) => (OURS << 24) | use | (files[0] ?? 0);
  const mark = (use: number) => database.exec(`PRAGMA application_id = ${idOf(use)}`);
  if (stored !== idOf(IN_USE)) {
    attempt(() => {
      mark(IN_USE);
      // A copy of the file alone has it too.
      database.exec('PRAGMA wal_checkpoint(PASSIVE)');
    });
  }
  const isMarked = markIn(header) === idOf(IN_USE);
  let seenBytes = header.size();
  let isCut = false;
  return {
    putBack,
    isOverwritten() {
      const mark = isMarked ? markIn(header) : null;
      return mark !== null && (!isOurs(mark) || isLeft(mark));
    },
    isCutShort() {
      if (isCut) return true;
      const bytes = header.size();
      // A checkpoint makes the file shorter behind a VACUUM, as short as its header then says.
      isCut = bytes < seenBytes && bytes < bytesOf(header);
      seenBytes = bytes;
      return isCut;
    },
    leave: () =>
      attempt(() => {
        database.exec('PRAGMA locking_mode = EXCLUSIVE');
        mark(0);
      }),
  };
}

/**
 * Digests of which file it is, the first as it is now. Inodes are used again, so its birth counts too, where the system tells
 * it: one that does not tells the last change in its place. A file that is young looks as if nobody told it.
 */
function filesLike(path: string): number[] {
  const { ino, birthtimeNs, ctimeNs } = statSync(path, { bigint: true });
  const births = birthtimeNs === ctimeNs ? [0n] : [birthtimeNs, 0n];
  return births.map((birth) => fnv1a(`${ino} ${birth}`) & FILE);
}

function judge(
  database: DatabaseSync,
  path: string,
  { stored, files, log, mark }: Beside & { stored: number; files: readonly number[] },
): TidegateError | null {
  const wasInUse = (stored & IN_USE) !== 0;
  const isCopy = !files.includes(stored & FILE);
  if (wasInUse && log === null) {
    return told(`${path} was copied while it was in use, and is without the ${path}-wal of that moment`, [
      'what was written last may be missing',
      `end the server, put both files back, and start again. Nothing is missing in a copy that was made by .backup of sqlite3 or by another program that knows SQLite, nor where such a program closed the file after a crash`,
    ]);
  }
  const isOver = mark !== null && isLeft(mark) && (log ?? 0) > BEGUN_BYTES;
  if (!isCopy && !isOver) return null;
  if (log === null) {
    return told(`${path} is another file than the one that was used last`, [
      'if it is a backup, what came after it is gone',
      'nothing, where it was only moved',
    ]);
  }
  const [first] = database.prepare('PRAGMA quick_check(1)').all();
  const damage = first === undefined ? 'ok' : String(Object.values(first)[0]);
  if (damage !== 'ok') {
    throw new TidegateError('store_damaged', `${path} and ${path}-wal are of two moments: ${damage}`, {
      field: 'SQLITE_PATH',
      expected: 'the file and its -wal as they were at one moment',
      hint: 'put the file back without a -wal, where it was closed when it was copied; else copy both while nothing writes, or by .backup of sqlite3',
    });
  }
  if (isOver) {
    return told(`${path} was put over a database in use, whose ${path}-wal is still there`, [
      'what stands there may be of both',
      `end the server, remove ${path}-wal and ${path}-shm, and put the file back once more`,
    ]);
  }
  return told(`${path} and its -wal are copies of files that were in use`, [
    'what came after they were copied is gone',
    'nothing, where they were only moved after a crash',
  ]);
}

function told(what: string, [cause, hint]: [cause: string, hint: string]): TidegateError {
  return new TidegateError('store_damaged', `${what}: ${cause}`, { field: 'SQLITE_PATH', hint });
}

/** Does without it where another process uses the file, or it may not be written now. */
function attempt(work: () => void): void {
  try {
    work();
  } catch {
    // The next one who opens or closes the file does it.
  }
}
