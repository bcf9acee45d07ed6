/**
 * The package as it is published, unpacked: `npm pack` of a copy of this tree. It is made once for what stands in the tree, whichever tests
 * ask for it. Nothing is installed beside it: what it depends on is found in this tree.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const ROOT = resolve(import.meta.dirname, '../..');
/** What a pack reads. A copy, because it builds, and rewrites the manifest while it runs. */
const READ = ['src', 'infra', 'test', 'package.json', 'tsconfig.json', 'tsconfig.build.json'];
const SHOWN = ['README.md', 'CHANGELOG.md', 'LICENSE'];
const CACHE = join(ROOT, 'node_modules/.cache/packed');
/** Longer than any run of tests. */
const KEPT_MS = 3_600_000;
const LOOK_MS = 100;

/** Where its `package.json` is. */
export async function packedPackage(): Promise<string> {
  const folder = join(CACHE, hashOfTree());
  const packed = join(folder, 'package');
  mkdirSync(CACHE, { recursive: true });
  removeOld(folder);
  while (!existsSync(packed)) {
    try {
      mkdirSync(`${folder}.lock`);
    } catch {
      await sleep(LOOK_MS);
      continue;
    }
    try {
      if (!existsSync(packed)) pack(folder);
    } finally {
      rmSync(`${folder}.lock`, { recursive: true });
    }
  }
  return packed;
}

function pack(folder: string): void {
  const made = mkdtempSync(join(tmpdir(), 'tidegate-pack-'));
  try {
    const tree = join(made, 'tree');
    for (const path of [...READ, ...SHOWN]) cpSync(join(ROOT, path), join(tree, path), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(made, 'node_modules'));
    const env = { ...process.env, npm_config_offline: 'true', npm_config_update_notifier: 'false' };
    execFileSync('npm', ['pack', '--pack-destination', made], { cwd: tree, env, stdio: 'pipe' });
    const [tarball = ''] = readdirSync(made).filter((name) => name.endsWith('.tgz'));
    const unpacked = `${folder}.unpacked`;
    rmSync(unpacked, { recursive: true, force: true });
    mkdirSync(unpacked);
    execFileSync('tar', ['-xzf', join(made, tarball), '-C', unpacked]);
    renameSync(unpacked, folder);
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}

function hashOfTree(): string {
  const hash = createHash('sha256');
  for (const path of [...READ, ...SHOWN].map((name) => join(ROOT, name))) {
    const files = statSync(path).isDirectory()
      ? readdirSync(path, { recursive: true, encoding: 'utf8' }).map((name) => join(path, name))
      : [path];
    for (const file of files.toSorted()) {
      if (statSync(file).isFile()) hash.update(file.slice(ROOT.length)).update(readFileSync(file));
    }
  }
  return hash.digest('hex').slice(0, 16);
}

/** What was made of other trees, and locks of processes that were killed. */
function removeOld(current: string): void {
  for (const name of readdirSync(CACHE)) {
    const path = join(CACHE, name);
    const { mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? { mtimeMs: Number.POSITIVE_INFINITY };
    const isLock = name.endsWith('.lock');
    if (path !== current && Date.now() - mtimeMs > (isLock ? 120_000 : KEPT_MS))
      rmSync(path, { recursive: true, force: true });
  }
}
