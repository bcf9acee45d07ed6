/** Which app a command is about that names none. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { usualAppFile } from '../../../src/hosts/cli/kit/app-file.ts';
import { temporaryFolder } from '../child.ts';

test('the app of a folder is app.ts, else src/app.ts, else what was compiled of them', () => {
  const folder = temporaryFolder();
  expect(usualAppFile(folder)).toBeNull();
  writeFileSync(join(folder, 'app.js'), '');
  expect(usualAppFile(folder)).toBe('app.js');
  mkdirSync(join(folder, 'src'));
  writeFileSync(join(folder, 'src/app.ts'), '');
  expect(usualAppFile(folder)).toBe('src/app.ts');
  writeFileSync(join(folder, 'app.ts'), '');
  expect(usualAppFile(folder)).toBe('app.ts');
});

test('the built-in app is no app of a folder, so that the demo stays what this repository starts', () => {
  expect(usualAppFile(resolve(import.meta.dirname, '../../..'))).toBeNull();
});
