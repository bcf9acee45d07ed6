/**
 * Runs the tests. `npm test`: what can run with the servers that are on this machine. `npm run test:all`: everything; a
 * missing server is installed with apt by root, and otherwise named with the command that installs it. With CI=true a
 * missing server fails the run. The last line counts: `N passed, N failed, N skipped`; the lines before it name what failed.
 *
 * Where a few files failed in a run of everything, they are run once more, alone: real processes, brokers and deadlines share
 * two cores with all others before. What passes then is named, and counts as passed.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Failure, RunReport } from './closing-reporter.ts';

// As vitest.config.ts does, for the programs that are run beside it.
process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, '../node_modules/.cache/compiled');

const all = process.argv.includes('--all');
const ci = process.env['CI'] === 'true';

/** Programs that suites need, with the Debian package that has each. */
const PROGRAMS = {
  'redis-server': 'redis-server',
  mosquitto: 'mosquitto',
  openssl: 'openssl',
  java: 'default-jre-headless',
};

/** Most files that are run again: where more failed, something is broken. */
const MOST_AGAIN = 6;

interface Count {
  passed: number;
  failed: number;
  skipped: number;
  /** A line for each thing that failed. */
  named?: string[];
}

if (all) provide();
const counts = [await runTests()];
if (all) {
  const suite = 'test/conformance/run.ts';
  const others = ['sqlite', 'redis', 'dynamodb'];
  // Much of it is waiting, so both go on at the same time.
  const both = [
    runCounted('conformance', [suite, 'spread-redis', 'workerd']),
    runCounted('conformance of tasks', [suite, 'tasks', ...others], 'at the end'),
  ];
  counts.push(...(await Promise.all(both)));
  if (onPath('taskset')) counts.push(await runCounted('a short flood', ['test/flood/run.ts', '20']));
  counts.push(await runCounted('a short soak', ['test/soak/run.ts', '0.5']));
}
const sum = (part: 'passed' | 'failed' | 'skipped') => counts.reduce((total, count) => total + count[part], 0);
for (const line of counts.flatMap(({ named }) => named ?? [])) console.log(`failed: ${line}`);
console.log(`\n${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`);
process.exitCode = sum('failed') === 0 && sum('passed') > 0 ? 0 : 1;

function provide(): void {
  const missing = Object.entries(PROGRAMS).filter(([program]) => !onPath(program));
  console.log(`test:all needs ${Object.keys(PROGRAMS).join(', ')}: ${missing.length === 0 ? 'all here' : ''}`);
  if (missing.length === 0) return;
  const packages = missing.map(([, name]) => name);
  const install = `apt-get update && apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  if (process.getuid?.() === 0 && onPath('apt-get')) {
    console.log(`missing: ${packages.join(', ')}; installing: ${install}`);
    spawnSync('sh', ['-c', install], { stdio: 'inherit', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
  }
  const still = missing.filter(([program]) => !onPath(program)).map(([program]) => program);
  if (still.length === 0) return;
  console.log(`still missing: ${still.join(', ')}. Install with: sudo sh -c '${install}'`);
  if (ci) {
    console.log(`\n0 passed, ${still.length} failed`);
    process.exit(1);
  }
  console.log('the suites that need them are skipped, by name');
}

/** Debian puts servers into sbin, which is not on every user's path. */
function onPath(program: string): boolean {
  const PATH = `${process.env['PATH']}:/usr/sbin:/usr/local/sbin`;
  return spawnSync('sh', ['-c', `command -v ${program}`], { env: { ...process.env, PATH } }).status === 0;
}

async function runTests(): Promise<Count> {
  const first = await runVitest([]);
  const files = [...new Set(first.failures.map(({ file }) => file))];
  const isFew = files.length <= MOST_AGAIN && files.every((file) => file !== null);
  if (!all || first.failures.length === 0 || !isFew) return countOf(first);
  for (const line of first.failures.map(lineOf)) console.log(`failed among all others: ${line}`);
  console.log(`\n== once more, alone: ${files.join(' ')} ==\n`);
  const again = await runVitest(['--maxWorkers=1', '--no-file-parallelism', ...files]);
  if (again.failures.length > 0) return countOf({ ...first, failures: again.failures });
  console.log(`\npassed when they were run alone: ${files.join(' ')}`);
  const ofTests = first.failures.filter(({ isOfTest }) => isOfTest);
  return countOf({ ...first, passed: first.passed + ofTests.length, failures: [] });
}

function countOf({ passed, skipped, failures }: RunReport): Count {
  return { passed, failed: failures.length, skipped, named: failures.map(lineOf) };
}

function lineOf({ file, name, message }: Failure): string {
  return `${file ?? 'no file is known'} > ${name}: ${message}`;
}

async function runVitest(more: readonly string[]): Promise<RunReport> {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-test-'));
  const report = join(folder, 'report.json');
  const env = { ...process.env, TIDEGATE_TEST_REPORT: report, ...(all ? { TIDEGATE_TEST_ALL: 'true' } : {}) };
  const reporters = ['--reporter=default', '--reporter=./test/closing-reporter.ts'];
  const status = await run(['node_modules/vitest/vitest.mjs', 'run', ...reporters, ...more], env, 'inherit');
  try {
    const { failures, ...counted } = JSON.parse(readFileSync(report, 'utf8')) as RunReport;
    const isUnsaid = status !== 0 && failures.length === 0;
    const unsaid: Failure = {
      file: null,
      name: 'vitest',
      isOfTest: false,
      message: `ended with ${status}, and no test failed`,
    };
    return { ...counted, failures: isUnsaid ? [unsaid] : failures };
  } catch {
    const failure: Failure = {
      file: null,
      name: 'vitest',
      isOfTest: false,
      message: `ended with ${status} before it could report`,
    };
    return { passed: 0, skipped: 0, failures: [failure] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Runs a program of ours that closes with `N passed, N failed`, and answers that count.
 * @param told when what it prints is printed
 */
async function runCounted(name: string, argv: string[], told: 'at once' | 'at the end' = 'at once'): Promise<Count> {
  let output = '';
  const tell = (text: string) => {
    if (told === 'at once') process.stdout.write(text);
    output += text;
  };
  tell(`\n== ${name} ==\n`);
  const status = await run(argv, process.env, tell);
  if (told === 'at the end') process.stdout.write(output);
  const [, passed, failed] = /(\d+) passed, (\d+) failed\s*$/.exec(output.trimEnd()) ?? [];
  const isUncounted = passed === undefined || failed === undefined;
  if (isUncounted)
    return { passed: 0, failed: 1, skipped: 0, named: [`${name}: ended with ${status}, without a count`] };
  const all = Number(failed) + (status !== 0 && failed === '0' ? 1 : 0);
  return { passed: Number(passed), failed: all, skipped: 0, named: all === 0 ? [] : [`${name}: ${all}`] };
}

function run(argv: string[], env: NodeJS.ProcessEnv, output: 'inherit' | ((text: string) => void)): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, argv, {
      env,
      stdio: ['ignore', output === 'inherit' ? 'inherit' : 'pipe', 'inherit'],
    });
    if (output !== 'inherit') child.stdout?.on('data', (chunk: Buffer) => output(chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
}
