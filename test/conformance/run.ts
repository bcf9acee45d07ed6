/**
 * `npm run conformance`: the official suite against `app.ts`, on Node (memory) and in workerd. Every scenario that the suite
 * lists for a revision is run, but for those named in `LEFT_OUT` with their reason. There is no list of expected failures.
 * `npm run conformance -- [tasks] [all | host ...]`: on every host, or on those named; `tasks`: those of tasks alone, on
 * every host where none is named. `npm run conformance:all`: on every host.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Host, type HostName, HOSTS, isPossible } from './hosts.ts';

interface LeftOut {
  pattern: RegExp;
  reason: string;
}

/** The scenarios of extensions belong to no revision; they speak the newest. */
const EXTENSIONS = 'extension';

const LEFT_OUT: Record<string, LeftOut[]> = {
  [EXTENSIONS]: [
    { pattern: /^tasks-status-notifications$/, reason: 'the suite itself passes over it' },
    { pattern: /^(?!tasks-)/, reason: 'an extension that is not served' },
  ],
  '2026-07-28': [],
  '2025-11-25': [],
};

/** The two runtimes; the stores are told apart by what tasks need of them. */
const USUAL_HOSTS = ['memory', 'workerd'];
const AT_ONCE = 4;
const LONGEST_MS = 180_000;
const CLI = join(import.meta.dirname, '../../node_modules/@modelcontextprotocol/conformance/dist/index.js');

interface Check {
  id: string;
  status: 'SUCCESS' | 'FAILURE' | 'WARNING' | 'SKIPPED' | 'INFO';
  errorMessage?: string;
}

interface Outcome {
  scenario: string;
  version: string;
  checks: Check[];
  passed: boolean;
}

async function cli(...args: string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [CLI, ...args], { stdio: ['ignore', 'pipe', 'pipe'], timeout: LONGEST_MS });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, output };
}

async function scenariosOf(version: string): Promise<string[]> {
  const revision = version === EXTENSIONS ? [] : ['--spec-version', version];
  const { code, output } = await cli('list', '--server', ...revision);
  const listed = version === EXTENSIONS ? /^ {2}- (\S+) \[extension\]/gm : /^ {2}- (\S+)/gm;
  const names = [...output.matchAll(listed)].map(([, name]) => name ?? '');
  if (code !== 0 || names.length === 0) throw new Error(`the suite lists no scenarios for ${version}:\n${output}`);
  return names;
}

/** By scenario, as the suite wrote them; the folder of each has its name and the time. */
async function checksIn(directory: string): Promise<Map<string, Check[]>> {
  const found = (await readdir(directory, { recursive: true })).flatMap((file) => {
    const [, scenario] = /^server-(.+)-\d{4}-\d\d-\d\dT[^/]*\/checks\.json$/.exec(file) ?? [];
    return scenario === undefined ? [] : [{ scenario, file }];
  });
  const read = found.map(async ({ scenario, file }) => {
    const text = await readFile(join(directory, file), 'utf8');
    return [scenario, JSON.parse(text) as Check[]] as const;
  });
  return new Map(await Promise.all(read));
}

/** Runs scenarios by one process of the suite, and judges those that are wanted of them. */
async function runTogether(
  url: string,
  scenarios: readonly string[],
  version: string,
  which: readonly string[],
): Promise<Outcome[]> {
  const directory = await mkdtemp(join(tmpdir(), 'conformance-'));
  try {
    const { code, output } = await cli('server', '--url', url, ...which, '-o', directory);
    const found = await checksIn(directory);
    return scenarios.map((scenario) => {
      const checks = found.get(scenario) ?? [];
      const failed = checks.some(({ status }) => status === 'FAILURE');
      const passed = !failed && checks.some(({ status }) => status === 'SUCCESS');
      if (!passed && !failed) {
        checks.push({ id: 'the suite itself', status: 'FAILURE', errorMessage: `exit ${code}: ${output.slice(-500)}` });
      }
      return { scenario, version, checks, passed };
    });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function report({ scenario, version, checks, passed }: Outcome): void {
  const count = (status: Check['status']) => checks.filter((check) => check.status === status).length;
  const counts = [`${count('SUCCESS')} ok`];
  for (const status of ['FAILURE', 'WARNING', 'SKIPPED'] as const) {
    if (count(status) > 0) counts.push(`${count(status)} ${status.toLowerCase()}`);
  }
  console.log(`${passed ? 'pass' : 'FAIL'}  ${version.padEnd(10)}  ${scenario.padEnd(38)} ${counts.join(', ')}`);
  for (const { id, status, errorMessage } of checks) {
    if (status === 'FAILURE' || status === 'WARNING') console.log(`        ${status} ${id}: ${errorMessage ?? ''}`);
  }
}

/** The scenarios to run, by revision; those that are left out are named. */
async function scenarios(wanted: RegExp): Promise<{ scenario: string; version: string }[]> {
  const work: { scenario: string; version: string }[] = [];
  for (const [version, leftOut] of Object.entries(LEFT_OUT)) {
    for (const scenario of (await scenariosOf(version)).filter((name) => wanted.test(name))) {
      const left = leftOut.find(({ pattern }) => pattern.test(scenario));
      if (left) console.log(`left  ${version.padEnd(10)}  ${scenario.padEnd(38)} ${left.reason}`);
      else work.push({ scenario, version });
    }
  }
  return work;
}

/**
 * The scenarios of a revision are run by one process, one after the other, since starting the suite takes longer than most of
 * them. Those of extensions, of which some wait, are run by processes of their own, a few at a time.
 */
async function runOn({ mcpUrl }: Host, work: { scenario: string; version: string }[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const byVersion = Map.groupBy(work, ({ version }) => version);
  const left = [...byVersion].flatMap(([version, all]) => {
    const names = all.map(({ scenario }) => scenario);
    if (version === EXTENSIONS)
      return names.map((name) => () => runTogether(mcpUrl, [name], version, ['--scenario', name]));
    return [() => runTogether(mcpUrl, names, version, ['--suite', 'all', '--spec-version', version])];
  });
  const worker = async () => {
    for (let next = left.shift(); next; next = left.shift()) {
      const found = await next();
      outcomes.push(...found);
      found.forEach(report);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return outcomes;
}

function isHost(name: string): name is HostName {
  return Object.hasOwn(HOSTS, name);
}

const asked = process.argv.slice(2);
const onlyTasks = asked[0] === 'tasks';
const named = asked.slice(onlyTasks ? 1 : 0);
const unknown = named.filter((name) => name !== 'all' && !isHost(name));
if (unknown.length > 0) {
  console.error(`no ${unknown.join(', ')}; there is [tasks] [all | host ...], with ${Object.keys(HOSTS).join(', ')}`);
  process.exit(2);
}
const usual = onlyTasks ? ['all'] : USUAL_HOSTS;
const wanted = named.length > 0 ? named : usual;
const hosts = wanted.includes('all') ? Object.keys(HOSTS).filter(isHost) : wanted.filter(isHost);
const work = await scenarios(onlyTasks ? /^tasks-/ : /./);
const outcomes: Outcome[] = [];
for (const name of hosts.filter(isPossible)) {
  console.log(`on ${name}:`);
  const startedAt = Date.now();
  const host = await HOSTS[name]();
  try {
    outcomes.push(...(await runOn(host, work)));
  } finally {
    await host.close();
  }
  console.log(`on ${name}: ${Math.round((Date.now() - startedAt) / 1_000)} s`);
}

const failed = outcomes.filter(({ passed }) => !passed).length;
console.log(`${outcomes.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 && outcomes.length > 0 ? 0 : 1;
