/**
 * Names of records and logs as they are read back. A name may hold the character NUL, at which early releases of Node 22 cut a
 * text that they read (what they write is whole). There names are read as bytes. Values are JSON, which has no such character.
 */
import { DatabaseSync } from 'node:sqlite';

const WHOLE = 'a\u0000b';

let isCut: boolean | null = null;

/** Whether the Node that runs this cuts texts. */
function cutsTexts(): boolean {
  if (isCut !== null) return isCut;
  const database = new DatabaseSync(':memory:');
  isCut = database.prepare('SELECT ? AS text').get(WHOLE)?.['text'] !== WHOLE;
  database.close();
  return isCut;
}

/** A column of names, as a statement selects it. @param as how the row calls it. Default: as the column is called */
export function nameColumn(column: string, as = column): string {
  return cutsTexts() ? `CAST(${column} AS BLOB) AS ${as}` : `${column} AS ${as}`;
}

/** A row with its names as texts. */
export function withNames<Row>(row: Row): Row {
  if (!cutsTexts()) return row;
  const values = row as Record<string, unknown>;
  for (const [column, value] of Object.entries(values)) {
    if (value instanceof Uint8Array) values[column] = new TextDecoder().decode(value);
  }
  return row;
}
