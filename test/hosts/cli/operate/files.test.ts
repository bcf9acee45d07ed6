/** Files that actions write: what stands under a name that is no plain file stays what it is. */
import { execFileSync } from 'node:child_process';
import { lstatSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createFiles } from '../../../../src/hosts/cli/operate/files.ts';
import { temporaryFolder } from '../../child.ts';

async function* pieces() {
  yield 'what ';
  yield Buffer.from('was written');
}

test('the file that a link leads to is written, whether it is there or not', async () => {
  const folder = temporaryFolder();
  const [there, missing] = [join(folder, 'there'), join(folder, 'missing')];
  writeFileSync(there, 'before');
  for (const target of [there, missing]) {
    symlinkSync(target, `${target}-link`);
    await createFiles({ overwrites: true, kept: [] }).write(`${target}-link`, pieces());
    expect(lstatSync(`${target}-link`).isSymbolicLink()).toBe(true);
    expect(readFileSync(target, 'utf8')).toBe('what was written');
  }
});

test('a pipe gets it, and stays a pipe', async () => {
  const pipe = join(temporaryFolder(), 'pipe');
  execFileSync('mkfifo', [pipe]);
  const [written, read] = await Promise.all([
    createFiles({ overwrites: false, kept: [] }).write(pipe, pieces()),
    readFile(pipe, 'utf8'),
  ]);
  expect([written, read]).toEqual([{ bytes: 16 }, 'what was written']);
  expect(lstatSync(pipe).isFIFO()).toBe(true);
});
