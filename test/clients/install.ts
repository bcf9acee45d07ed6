/**
 * Installs a client's packages with npm into a folder of its own, outside of this repository and its lock file, and puts its
 * script beside them. What stands there already with the same manifest is used again.
 */
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PACKAGES = join(import.meta.dirname, 'packages');
/** What `CLIENTS_FOLDER` says, else a folder of this user below the temporary one. */
const FOLDER = process.env['CLIENTS_FOLDER'] ?? join(tmpdir(), `tidegate-clients-${process.getuid?.() ?? 'all'}`);
const LONGEST_MS = 300_000;

/** Every client that there is a manifest of, and `schemas`, which checks messages. */
export const PACKAGED = readdirSync(PACKAGES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

/** @returns the folder of the client, with its script `client.mjs`
 * @throws Error with what npm said last */
export async function install(name: string): Promise<string> {
  const folder = join(FOLDER, name);
  const manifest = readFileSync(join(PACKAGES, name, 'package.json'), 'utf8');
  const installed = join(folder, 'installed.json');
  const isThere = existsSync(installed) && readFileSync(installed, 'utf8') === manifest;
  if (!isThere) rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const file of readdirSync(PACKAGES).filter((file) => file.endsWith('.mjs'))) {
    cpSync(join(PACKAGES, file), join(FOLDER, file));
  }
  cpSync(join(PACKAGES, name), folder, { recursive: true });
  if (isThere) return folder;
  await npmInstall(folder);
  writeFileSync(installed, manifest);
  return folder;
}

function npmInstall(folder: string): Promise<void> {
  const args = ['install', '--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts', '--loglevel=error'];
  const child = spawn('npm', args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], timeout: LONGEST_MS });
  let said = '';
  for (const output of [child.stdout, child.stderr]) {
    output.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-1_000)));
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`npm install: ${said.trim()}`))));
  });
}
