/** Files that actions write: what stands under a name that is no plain file stays what it is. */
import { execFileSync } from 'node:child_process';
import { lstatSync, readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
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

test('what killed writers of the file left is cleared by the next one, and what others write is not', async () => {
  const folder = temporaryFolder();
  const part = (name: string, n: number) => join(folder, `.${name}.00000000-0000-4000-8000-00000000000${n}.part`);
  const [left, fresh, others, named] = [part('b.gz', 1), part('b.gz', 2), part('b', 3), join(folder, '.b.gz.old.part')];
  for (const file of [left, fresh, others, named]) writeFileSync(file, 'half');
  const earlier = Date.now() / 1_000 - 7_200;
  for (const file of [left, others, named]) utimesSync(file, earlier, earlier);
  await createFiles({ overwrites: false, kept: [] }).write(join(folder, 'b.gz'), pieces());
  expect(
    readdirSync(folder)
      .map((name) => join(folder, name))
      .toSorted(),
  ).toEqual([fresh, others, named, join(folder, 'b.gz')].toSorted());
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
