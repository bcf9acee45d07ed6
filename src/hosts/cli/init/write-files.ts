/** Writes the files of a new app: all of them or none, and none over another without being told to. */
import { lstat, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TidegateError } from '../../../base/errors.ts';

/** The file to which lines are added, where it is there. */
const ADDED_TO = '.gitignore';
/** What people have before they have an app: it is left as it is, and told. */
const LEFT = 'README.md';
/** What holds secrets, which nobody could bring back: it is left as it is, whatever is said. */
const KEPT = '.env';

interface Written {
  /** In the order of the files. */
  made: readonly string[];
  /** What was there, and stays as it was. */
  left: readonly string[];
}

/**
 * @param isForced whether files that are in the way are overwritten
 * @throws TidegateError `invalid_input` naming every file that is in the way; nothing was written
 */
export async function writeFiles(
  folder: string,
  files: ReadonlyMap<string, string>,
  isForced: boolean,
): Promise<Written> {
  const there = new Set<string>();
  for (const path of files.keys()) if (await isThere(join(folder, path))) there.add(path);
  const inTheWay = [...there].filter((path) => path !== ADDED_TO && path !== LEFT && path !== KEPT);
  if (inTheWay.length > 0 && !isForced) throw await refusal(folder, inTheWay);
  const left = [KEPT, ...(isForced ? [] : [LEFT])].filter((path) => there.has(path));
  const noFile = await notFiles(
    folder,
    [...there].filter((path) => !left.includes(path)),
  );
  if (noFile.length > 0) throw obstructed(folder, noFile);
  const made: string[] = [];
  /** What was overwritten, as it was. */
  const before = new Map<string, Buffer>();
  try {
    await mkdir(folder, { recursive: true });
    for (const [path, text] of files) {
      if (left.includes(path)) continue;
      const isNew = !there.has(path);
      // A file that came meanwhile is nobody's to overwrite either.
      const flag = isNew ? 'wx' : 'w';
      const given = path === ADDED_TO && !isNew ? await withLines(join(folder, path), text) : text;
      if (isNew) made.push(path);
      else before.set(path, await readFile(join(folder, path)));
      await writeFile(join(folder, path), given, { flag, ...(path === '.env' ? { mode: 0o600 } : {}) });
    }
  } catch (cause) {
    // The last one may be another's, which was there first.
    const isTaken = (cause as { code?: string } | null)?.code === 'EEXIST';
    for (const path of isTaken ? made.slice(0, -1) : made) await rm(join(folder, path), { force: true });
    for (const [path, text] of before) await writeFile(join(folder, path), text);
    throw unwritable(folder, cause);
  }
  return { made: [...files.keys()].filter((path) => !left.includes(path)), left };
}

/** Also a link that leads nowhere is in the way. */
async function isThere(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => null)) !== null;
}

/** Folders and links: what is written there would go elsewhere, or nowhere. */
async function notFiles(folder: string, paths: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const path of paths) if (!(await lstat(join(folder, path))).isFile()) found.push(path);
  return found;
}

function obstructed(folder: string, paths: readonly string[]): TidegateError {
  return new TidegateError('invalid_input', `no files in ${folder}: ${paths.join(', ')}`, {
    field: 'folder',
    expected: 'a folder where these are files, or are not there: folders and links are not overwritten',
    hint: 'nothing was written',
  });
}

async function withLines(path: string, text: string): Promise<string> {
  const own = await readFile(path, 'utf8');
  const lines = own.split(/\r?\n/).map((line) => line.trim());
  const wanted = text.split('\n').filter((line) => line !== '');
  const missing = wanted.filter((line) => !lines.includes(line) && !lines.includes(line.replace(/\/$/, '')));
  if (missing.length === 0) return own;
  const end = own.includes('\r\n') ? '\r\n' : '\n';
  return `${own}${own === '' || own.endsWith('\n') ? '' : end}${missing.join(end)}${end}`;
}

async function refusal(folder: string, inTheWay: readonly string[]): Promise<TidegateError> {
  const foreign = inTheWay.includes('package.json') ? await packageNameIn(folder) : null;
  const whose = foreign === null ? '' : ` (package.json is that of ${foreign})`;
  return new TidegateError('invalid_input', `in the way in ${folder}: ${inTheWay.join(', ')}${whose}`, {
    field: 'folder',
    expected: 'a folder without these files, or --force to overwrite them',
    hint:
      foreign === null
        ? 'nothing was written'
        : 'nothing was written. To add Tidegate to that package: npm install tidegate zod, and see test/examples of the package for apps',
  });
}

async function packageNameIn(folder: string): Promise<string> {
  try {
    const { name } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { name?: unknown };
    return typeof name === 'string' && name !== '' ? name : 'a package without a name';
  } catch {
    return 'a package that cannot be read';
  }
}

function unwritable(folder: string, cause: unknown): TidegateError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new TidegateError('invalid_input', `the app cannot be written to ${folder}: ${reason}`, {
    field: 'folder',
    expected: 'a folder that is there or can be made, and that this user may write to',
    hint: 'what was written of it is gone again, and what was overwritten is as it was',
    cause,
  });
}
