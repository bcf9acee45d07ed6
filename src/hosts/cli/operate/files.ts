/** The files of actions: written beside and renamed, read piece by piece; `-` is standard output or input. */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, readdir, readlink, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { once } from 'node:events';
import { TidegateError } from '../../../base/errors.ts';
import { isOutputGone, unwrittenOutput } from '../kit/output.ts';
import type { OperateFiles } from '../../../operate/action.ts';

const STANDARD = '-';
const UUID_PART = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.part$/;
/** A file to which nobody has written for so long, ms, has no writer any more. */
const LEFT_MS = 3_600_000;

interface CommandFiles extends OperateFiles {
  /** Whether something went to standard output, so that words for people have to go elsewhere. */
  tookOutput: () => boolean;
}

interface FileRules {
  /** Whether a file that is there may be overwritten. */
  overwrites: boolean;
  /** Files of the store, which nobody overwrites. */
  kept: readonly string[];
}

export function createFiles(rules: FileRules): CommandFiles {
  let tookOutput = false;
  return {
    tookOutput: () => tookOutput,
    async write(name, pieces) {
      if (name !== STANDARD) {
        await checkFree(name, rules);
        return writeFile(name, pieces);
      }
      tookOutput = true;
      return writeOutput(pieces);
    },
    read: (name) => (name === STANDARD ? process.stdin : readFile(name)),
    size: async (name) => (name === STANDARD ? null : ((await stat(name).catch(() => null))?.size ?? null)),
  };
}

async function identityOf(path: string): Promise<string | null> {
  const found = await stat(path).catch(() => null);
  return found === null ? null : `${found.dev}:${found.ino}`;
}

async function isPlain(name: string): Promise<boolean> {
  return (await stat(name).catch(() => null))?.isFile() !== false;
}

/** @throws TidegateError `invalid_input` */
async function checkFree(name: string, { overwrites, kept }: FileRules): Promise<void> {
  const there = await identityOf(name);
  // Nothing of a device or a pipe is overwritten.
  if (there === null || !(await isPlain(name))) return;
  const ofStore = await Promise.all(kept.map(identityOf));
  if (ofStore.includes(there))
    throw wrongFile('invalid_input', `${name} is the store itself`, 'another file: nothing was written');
  if (overwrites) return;
  const expected = 'a file that is not there yet, or --yes to overwrite it: nothing was written';
  throw wrongFile('invalid_input', `${name} is there already`, expected);
}

async function writeFile(given: string, pieces: AsyncIterable<string | Uint8Array>): Promise<{ bytes: number }> {
  // A device and a pipe are written to; a file in their place would take them away from others.
  if (!(await isPlain(given))) return writeInto(given, pieces);
  const name = await targetOf(given);
  const beside = join(dirname(name), `.${basename(name)}.${randomUUID()}.part`);
  await clearLeft(name);
  const file = await open(beside, 'wx', 0o600).catch((cause: unknown) => {
    throw notWritten(name, cause);
  });
  try {
    const bytes = await writeAll(file, name, pieces);
    await file.sync();
    await file.close();
    await rename(beside, name).catch((cause: unknown) => {
      throw notWritten(name, cause);
    });
    return { bytes };
  } catch (thrown) {
    await file.close().catch(() => {});
    await rm(beside, { force: true });
    throw thrown;
  }
}

/** Removes what writers of the same file left that were killed. It does not throw: a file that stays harms nothing. */
async function clearLeft(name: string): Promise<void> {
  const folder = dirname(name);
  const before = `.${basename(name)}.`;
  for (const found of await readdir(folder).catch(() => [])) {
    if (!found.startsWith(before) || !UUID_PART.test(found.slice(before.length))) continue;
    const left = join(folder, found);
    const writtenAt = (await stat(left).catch(() => null))?.mtimeMs ?? Infinity;
    if (Date.now() - writtenAt > LEFT_MS) await rm(left, { force: true }).catch(() => {});
  }
}

/** Answers how many bytes were written. */
async function writeAll(file: FileHandle, name: string, pieces: AsyncIterable<string | Uint8Array>): Promise<number> {
  let bytes = 0;
  for await (const piece of pieces) {
    const data = typeof piece === 'string' ? Buffer.from(piece) : piece;
    await file.writeFile(data).catch((cause: unknown) => {
      throw notWritten(name, cause);
    });
    bytes += data.length;
  }
  return bytes;
}

/** The file that a symbolic link leads to, also where that is not there yet. */
async function targetOf(name: string): Promise<string> {
  const target = await readlink(name).catch(() => null);
  return target === null ? name : targetOf(resolve(dirname(name), target));
}

async function writeInto(name: string, pieces: AsyncIterable<string | Uint8Array>): Promise<{ bytes: number }> {
  const file = await open(name, 'w').catch((cause: unknown) => {
    throw notWritten(name, cause);
  });
  try {
    return { bytes: await writeAll(file, name, pieces) };
  } finally {
    await file.close();
  }
}

async function writeOutput(pieces: AsyncIterable<string | Uint8Array>): Promise<{ bytes: number }> {
  let bytes = 0;
  for await (const piece of pieces) {
    // Who reads has gone: there is nobody to write for.
    if (isOutputGone()) break;
    bytes += typeof piece === 'string' ? Buffer.byteLength(piece) : piece.length;
    // What cannot be written ends it as what nobody reads does, and is told below.
    if (!process.stdout.write(piece))
      await Promise.race([once(process.stdout, 'drain'), once(process.stdout, 'close')]).catch(() => {});
  }
  const unwritten = unwrittenOutput();
  if (unwritten !== null) throw unwritten;
  return { bytes };
}

async function* readFile(name: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of createReadStream(name)) yield piece as Uint8Array;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw wrongFile('not_found', `there is no file ${name}`, 'a file that is there', cause);
    if (code === 'EISDIR') throw wrongFile('invalid_input', `${name} is a folder`, 'a file', cause);
    if (code === 'EACCES')
      throw wrongFile('invalid_input', `${name} may not be read`, 'a file that this user may read', cause);
    throw cause;
  }
}

function notWritten(name: string, cause: unknown): TidegateError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return wrongFile(
    'invalid_input',
    `${name} cannot be written: ${reason}`,
    'a file in a folder with room that this user may write to',
    cause,
  );
}

function wrongFile(
  code: 'not_found' | 'invalid_input',
  message: string,
  expected: string,
  cause?: unknown,
): TidegateError {
  return new TidegateError(code, message, { field: 'FILE', expected, cause });
}
