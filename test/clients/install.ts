/**
 * Installs a client's packages with npm, or with pip where it is in Python, into a folder of its own, outside of this repository and its lock file, and puts its
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

/** What a client's requests are answered by. */
export interface InstalledClient {
  folder: string;
  /** Run in the folder. */
  command: readonly [program: string, ...args: string[]];
}

/** @throws Error with what npm or pip said last */
export async function install(name: string): Promise<InstalledClient> {
  const isPython = existsSync(join(PACKAGES, name, 'requirements.txt'));
  const manifest = readFileSync(join(PACKAGES, name, isPython ? 'requirements.txt' : 'package.json'), 'utf8');
  const folder = join(FOLDER, name);
  const command = isPython ? ([PYTHON, 'client.py'] as const) : ([process.execPath, 'client.mjs'] as const);
  const installed = join(folder, 'installed.json');
  const isThere = existsSync(installed) && readFileSync(installed, 'utf8') === manifest;
  if (!isThere) rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const file of readdirSync(PACKAGES).filter((file) => file.endsWith('.mjs'))) {
    cpSync(join(PACKAGES, file), join(FOLDER, file));
  }
  if (isPython) cpSync(join(PACKAGES, 'speak.py'), join(folder, 'speak.py'));
  cpSync(join(PACKAGES, name), folder, { recursive: true });
  if (isThere) return { folder, command };
  if (isPython) {
    await run(folder, 'python3', ['-m', 'venv', 'venv']);
    await run(folder, PYTHON, ['-m', 'pip', 'install', '--quiet', '-r', 'requirements.txt']);
  } else {
    await run(folder, 'npm', NPM_INSTALL);
  }
  writeFileSync(installed, manifest);
  return { folder, command };
}

const PYTHON = 'venv/bin/python';
const NPM_INSTALL = ['install', '--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts', '--loglevel=error'];

function run(folder: string, program: string, args: readonly string[]): Promise<void> {
  const child = spawn(program, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], timeout: LONGEST_MS });
  let said = '';
  for (const output of [child.stdout, child.stderr]) {
    output.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-1_000)));
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`${program} ${args[0]}: ${said.trim()}`))));
  });
}
