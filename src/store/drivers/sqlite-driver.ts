/** The driver `sqlite`: one file on this machine. Node alone has what opens it. */
import * as z from 'zod';
import type { DriverValues, StoreDriver } from '../driver.ts';
import type * as Sqlite from './sqlite.ts';

const variables = {
  /** Default: a file of the app's own below `.tidegate`, so that two apps in one folder do not meet. */
  SQLITE_PATH: z.string().min(1).optional(),
};

/** Not a literal in its import, so that a bundler for a platform without `node:sqlite` does not find it. */
const SQLITE: string = './sqlite.ts';

const file = ({ SQLITE_PATH }: DriverValues<typeof variables>, app: string) => SQLITE_PATH ?? `.tidegate/${app}.db`;

export const sqlite: StoreDriver<typeof variables> = {
  name: 'sqlite',
  variables,
  file,
  open: async (values, { app }) =>
    ((await import(SQLITE)) as typeof Sqlite).createSqliteStore({ path: file(values, app) }),
};
