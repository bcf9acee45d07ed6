import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { migrate } from '../../../src/store/sqlite/migrations.ts';

const first = 'CREATE TABLE a (n INTEGER) STRICT; INSERT INTO a VALUES (1)';
const second = 'CREATE TABLE b (n INTEGER) STRICT; INSERT INTO b SELECT n + 1 FROM a';

function newDatabase(): DatabaseSync {
  const database = new DatabaseSync(':memory:');
  onTestFinished(() => database.close());
  return database;
}

const versionOf = (database: DatabaseSync) => database.prepare('PRAGMA user_version').get()?.['user_version'];
const tablesOf = (database: DatabaseSync) =>
  database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    .all()
    .map(({ name }) => name);

test('a new file gets all migrations, one that has some gets the rest, each once', () => {
  const database = newDatabase();
  migrate(database, [first]);
  expect([versionOf(database), tablesOf(database)]).toEqual([1, ['a']]);
  migrate(database, [first, second]);
  migrate(database, [first, second]);
  expect(versionOf(database)).toBe(2);
  expect(database.prepare('SELECT a.n AS one, b.n AS two FROM a, b').all()).toEqual([{ one: 1, two: 2 }]);
});

test('a file of a newer schema is refused with both numbers, and left as it is', () => {
  const database = newDatabase();
  migrate(database, [first, second]);
  expect(() => migrate(database, [first])).toThrow('it has schema 2, and this release knows schemas up to 1');
  expect([versionOf(database), tablesOf(database), database.isTransaction]).toEqual([2, ['a', 'b'], false]);
});

test('a migration that fails leaves the file as it was', () => {
  const database = newDatabase();
  migrate(database, [first]);
  expect(() => migrate(database, [first, `${second}; SELECT * FROM nowhere`])).toThrow(/nowhere/);
  expect([versionOf(database), tablesOf(database), database.isTransaction]).toEqual([1, ['a'], false]);
});

test('the schema of this release is number 2', () => {
  const database = newDatabase();
  migrate(database);
  expect(versionOf(database)).toBe(2);
  expect(tablesOf(database)).toEqual(['commits', 'counters', 'entries', 'logs', 'records', 'times']);
});
