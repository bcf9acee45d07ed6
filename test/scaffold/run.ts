/**
 * `npm run scaffold`: the way of a new user, with packages from npm and nothing of this tree but its tarballs. On each Node it is
 * printed how long each step took. `npm run scaffold -- 24` takes one of the Nodes alone.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { runDev } from './dev-run.ts';

const ROOT = resolve(import.meta.dirname, '../..');
/** The oldest that reads TypeScript, the newest of its line, and the line that is best. */
const NODES = ['22.18.0', '22', '24'];
const READ = [
  'src',
  'infra',
  'test',
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'README.md',
  'CHANGELOG.md',
  'LICENSE',
];

const folder = mkdtempSync(join(tmpdir(), 'tidegate-scaffold-'));
const asked = process.argv.slice(2);
let failures = 0;
/** Longest step. */
const MOST_MS = 180_000;

function run(program: string, args: readonly string[], cwd: string, environment: NodeJS.ProcessEnv = process.env) {
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd,
    env: environment,
    encoding: 'utf8',
    timeout: MOST_MS,
  });
  return { status, text: `${stdout}${stderr}` };
}

function step(
  name: string,
  { status, text }: { status: number | null; text: string },
  startedAt: number,
  most = 0,
): void {
  const ms = Math.round(performance.now() - startedAt);
  const isWell = status !== null && status <= most;
  console.log(`  ${isWell ? 'ok  ' : 'FAIL'} ${String(ms).padStart(6)} ms  ${name}`);
  if (isWell) return;
  failures += 1;
  console.log(text.split('\n').slice(-40).join('\n'));
}

/** Tarballs of the package and of the one that makes apps. */
function pack(): { own: string; create: string } {
  const tree = join(folder, 'tree');
  for (const path of READ) cpSync(join(ROOT, path), join(tree, path), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(tree, 'node_modules'));
  const startedAt = performance.now();
  const packed = run('npm', ['pack', '--pack-destination', folder], tree);
  const other = run('npm', ['pack', './infra/create-tidegate', '--pack-destination', folder], tree);
  step('pack', { status: Math.max(packed.status ?? 9, other.status ?? 9), text: packed.text + other.text }, startedAt);
  const tarball = (name: RegExp) => join(folder, readdirSync(folder).find((file) => name.test(file)) ?? '');
  return { own: tarball(/^tidegate-.*tgz$/), create: tarball(/^create-tidegate-.*tgz$/) };
}

/** The program of that Node, installed apart. */
function nodeOf(version: string): string {
  const at = join(folder, `node-${version}`);
  mkdirSync(at);
  const platform = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const { text } = run('npm', ['install', '--no-save', '--no-audit', '--prefix', at, `${platform}@${version}`], at);
  const bin = join(at, 'node_modules', platform, 'bin');
  if (!readdirSync(join(at, 'node_modules'), { recursive: true }).length) throw new Error(text);
  return bin;
}

async function way(version: string, tarballs: ReturnType<typeof pack>): Promise<void> {
  const bin = nodeOf(version);
  const node = join(bin, 'node');
  const own = Object.entries(process.env).filter(([name]) => !name.toLowerCase().startsWith('npm_'));
  const environment = { ...Object.fromEntries(own), PATH: `${bin}:${process.env['PATH'] ?? ''}`, CI: 'true' };
  console.log(`Node ${run(node, ['--version'], folder).text.trim()}`);
  const at = join(folder, `way of ${version}`);
  const tools = join(at, 'tools');
  mkdirSync(tools, { recursive: true });
  const timed = (name: string, program: string, args: readonly string[], cwd: string, most = 0) => {
    const startedAt = performance.now();
    const done = run(program, args, cwd, environment);
    step(name, done, startedAt, most);
    return done;
  };
  timed(
    'npm create tidegate: its install',
    'npm',
    ['install', '--no-audit', '--prefix', tools, tarballs.own, tarballs.create],
    tools,
  );
  const create = join(tools, 'node_modules/create-tidegate/index.js');
  timed('npm create tidegate', node, [create, 'my house', '--feed', 'push,http,mqtt,websocket', '--no-install'], at);
  const app = join(at, 'my house');
  timed('npm install', 'npm', ['install', '--no-audit', tarballs.own], app);
  timed('npm run check', 'npm', ['run', 'check'], app);
  timed('npm test', 'npm', ['test'], app);
  const cli = join(app, 'node_modules/tidegate', manifest(app).bin.tidegate);
  const startedAt = performance.now();
  try {
    const { startMs, changeMs, endMs, status, served, wentOn } = await runDev(node, cli, app, environment);
    const text = `served ${served.join(', ')}, went on ${wentOn}, status ${status}`;
    const isWell = status === 0 && wentOn && served.join() === '1.0.0,1.0.1' && endMs < 1_000;
    const times = [startMs, changeMs, endMs].map((ms) => Math.round(ms)).join(', ');
    step(`npm run dev: start, change and end ${times} ms`, { status: isWell ? 0 : 1, text }, startedAt);
  } catch (thrown) {
    step('npm run dev', { status: 1, text: String(thrown) }, startedAt);
  }
  // Without a network its feeds are not reached, which it has to say by status 1.
  timed('npm run doctor', 'npm', ['run', 'doctor'], app, 1);
  timed('npm install wrangler', 'npm', ['install', '--no-audit', '--save-dev', 'wrangler@4'], app);
  timed('npm run deploy:cloudflare -- --dry-run', 'npm', ['run', 'deploy:cloudflare', '--', '--dry-run'], app);
}

function manifest(app: string) {
  const text = readFileSync(join(app, 'node_modules/tidegate/package.json'), 'utf8');
  return JSON.parse(text) as { bin: { tidegate: string } };
}

try {
  const tarballs = pack();
  for (const version of NODES) if (asked.length === 0 || asked.includes(version)) await way(version, tarballs);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(failures === 0 ? 'The whole way is well.' : `${failures} steps failed.`);
process.exitCode = failures === 0 ? 0 : 1;
