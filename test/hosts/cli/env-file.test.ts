/** `.env` and `--env-file`: what is read, what wins, and how commands find the same store by it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readEnvFile, takeEnvFile } from '../../../src/hosts/cli/kit/env-file.ts';
import { runCli, temporaryFolder } from '../child.ts';

function fileOf(text: string): string {
  const file = join(temporaryFolder(), 'variables');
  writeFileSync(file, text);
  return file;
}

describe('the file', () => {
  test.each([
    ['A=1\nB=2\n', { A: '1', B: '2' }],
    ['A=1\r\nB="two words"\r\n', { A: '1', B: 'two words' }],
    ['\uFEFFA=1\nB=2', { A: '1', B: '2' }],
    ["# A=0\nexport A=1 # one\nB='#2'\n", { A: '1', B: '#2' }],
    ['A="VALUE1" # or "VALUE2"\nB=$A', { A: 'VALUE1', B: '$A' }],
    ['', {}],
  ])('%j', (text, expected) => {
    expect(readEnvFile(fileOf(text), {}).set).toEqual(expected);
  });

  test('what the environment says wins, also where it says nothing', () => {
    expect(readEnvFile(fileOf('A=1\nB=2\nC=3'), { A: 'own', B: '' }).set).toEqual({ C: '3' });
  });

  test('what Node has set of it before is still of the file', () => {
    expect(readEnvFile(fileOf('A=1\nB=2'), { A: '1', B: 'own' }).set).toEqual({ A: '1' });
  });

  test('one that is named has to be there, and to be a file', () => {
    const folder = temporaryFolder();
    for (const file of [join(folder, 'none'), folder]) {
      expect(() => readEnvFile(file, {})).toThrow(
        expect.objectContaining({ code: 'invalid_config', field: '--env-file' }),
      );
    }
  });
});

test.each([
  [['start'], ['start'], null],
  [['start', '--env-file', 'a', '--app', 'b'], ['start', '--app', 'b'], 'a'],
  [['--env-file=a', 'keys', 'list'], ['keys', 'list'], 'a'],
  [['keys', 'list', '--env-file'], ['keys', 'list'], ''],
  [['start', '--', '--env-file', 'a'], ['start', '--', '--env-file', 'a'], null],
])('%j', (given, args, file) => {
  expect(takeEnvFile(given)).toEqual({ args, file });
});

const DEMO = join(import.meta.dirname, '../../../src/app.ts');

describe('commands', { timeout: 60_000 }, () => {
  test('find the store that .env of their folder names, and so does the app', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'app'));
    writeFileSync(join(folder, 'app/.env'), `SQLITE_PATH=${join(folder, 'kept.db')}\n`);
    const app = ['--app', DEMO];
    const made = runCli(['keys', 'create', '--name', 'me', ...app], {}, join(folder, 'app'));
    expect([await made.ended, made.stderr()]).toEqual([0, expect.stringContaining('may use')]);
    const listed = runCli(['keys', 'list', '--env-file', 'app/.env', ...app], {}, folder);
    expect([await listed.ended, listed.stdout()]).toEqual([0, expect.stringMatching(/ me +public /)]);
    const other = runCli(['keys', 'list', ...app], { SQLITE_PATH: join(folder, 'other.db') }, join(folder, 'app'));
    expect([await other.ended, other.stdout()]).toEqual([0, expect.stringContaining('has no keys')]);
  });

  test('a file that is not there ends the start, and is named', async () => {
    const child = runCli(['start', '--env-file', 'nowhere.env'], {}, temporaryFolder());
    // Node itself ends with status 9 before anything of ours is read.
    expect([1, 9]).toContain(await child.ended);
    expect(child.stderr()).toContain('nowhere.env');
  });
});
