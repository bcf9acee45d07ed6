/**
 * The schema of the SQLite file, as numbered migrations. The file says in `user_version` how many were applied to it. A
 * release adds migrations at the end and never changes a published one, because files exist that were made by it.
 */
import type { DatabaseSync } from 'node:sqlite';

/**
 * `MIGRATIONS[n]` turns schema n into schema n + 1. Append times never fall, so `times` holds only the first place of each
 * time, and entries need no index by time.
 */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE records (
    partition TEXT NOT NULL, id TEXT NOT NULL, value TEXT NOT NULL, version TEXT NOT NULL, expires_at INTEGER,
    queue TEXT, shard INTEGER, due_at INTEGER,
    PRIMARY KEY (partition, id)
  ) WITHOUT ROWID, STRICT;
  CREATE INDEX records_due ON records (queue, shard, due_at) WHERE queue IS NOT NULL;
  CREATE INDEX records_expiring ON records (expires_at) WHERE expires_at IS NOT NULL;
  CREATE TABLE logs (
    number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, epoch TEXT NOT NULL,
    first INTEGER NOT NULL, floor INTEGER NOT NULL, end INTEGER NOT NULL, newest_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE entries (
    log INTEGER NOT NULL, place INTEGER NOT NULL, appended_at INTEGER NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (log, place)
  ) WITHOUT ROWID, STRICT;
  CREATE TABLE times (
    log INTEGER NOT NULL, appended_at INTEGER NOT NULL, place INTEGER NOT NULL, PRIMARY KEY (log, appended_at)
  ) WITHOUT ROWID, STRICT;
  CREATE TABLE commits (id TEXT PRIMARY KEY, at INTEGER NOT NULL, cursors TEXT NOT NULL) WITHOUT ROWID, STRICT;
  CREATE INDEX commits_by_age ON commits (at);
  CREATE TABLE counters (key TEXT PRIMARY KEY, total INTEGER NOT NULL, expires_at INTEGER NOT NULL) WITHOUT ROWID, STRICT;
  CREATE INDEX counters_expiring ON counters (expires_at);
  `,
  // A mark of the commit that appended the entry; entries of earlier releases have none.
  `ALTER TABLE entries ADD COLUMN mark TEXT`,
];

const numberOf = (database: DatabaseSync, name: 'user_version' | 'schema_version') =>
  Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);

/**
 * Called before anything is written to the file.
 * @throws Error for a file of another program, which has tables and no schema of ours
 */
export function checkOurs(database: DatabaseSync): void {
  const isMade = () => numberOf(database, 'user_version') > 0;
  // Another process may make ours between the two.
  if (isMade() || numberOf(database, 'schema_version') === 0 || isMade()) return;
  throw new Error('it holds tables of another program');
}

/**
 * Brings the file to the newest schema in one transaction. Of several processes that open it together, one does it. A
 * failure leaves the file as it was.
 * @param migrations another list than this release's, for tests
 * @throws Error for a file of a newer schema, which is left as it is; what SQLite reports
 */
export function migrate(database: DatabaseSync, migrations: readonly string[] = MIGRATIONS): void {
  const version = () => numberOf(database, 'user_version');
  // A file that has the newest schema is opened also while another process writes.
  if (version() === migrations.length) return;
  database.exec('BEGIN IMMEDIATE');
  try {
    const made = version();
    if (made > migrations.length) {
      throw new Error(`it has schema ${made}, and this release knows schemas up to ${migrations.length}`);
    }
    for (const migration of migrations.slice(made)) database.exec(migration);
    if (made < migrations.length) database.exec(`PRAGMA user_version = ${migrations.length}`);
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}
