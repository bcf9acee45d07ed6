/** Where the app of a folder stands that no `--app` names: one answer for every command. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The first one that is there is the app. */
const APP_FILES = ['app.ts', 'src/app.ts', 'app.mts', 'app.js', 'app.mjs', 'src/app.js'];

/** The URL of a module of this package. In the published package it is JavaScript, as this file is. */
export function builtName(fromHere: string): string {
  const { href } = new URL(fromHere, import.meta.url);
  return import.meta.url.endsWith('.js') ? href.replace(/\.ts$/, '.js') : href;
}

/** Relative to the folder; null: none is there. The built-in app of this repository is none of its own. */
export function usualAppFile(folder = process.cwd()): string | null {
  const builtIn = fileURLToPath(builtName('../../../app.ts'));
  return APP_FILES.find((name) => existsSync(join(folder, name)) && resolve(folder, name) !== builtIn) ?? null;
}
