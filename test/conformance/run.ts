/**
 * `npm run conformance`: the official suite against `app.ts`, on Node, on a free port. Every scenario that the suite lists
 * for a revision is run, but for those named in `LEFT_OUT` with their reason. There is no list of expected failures.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serveApp } from '../mcp/served.ts';
import { conformanceApp } from './app.ts';

interface LeftOut {
  pattern: RegExp;
  reason: string;
}

const LEFT_OUT: Record<string, LeftOut[]> = {
  '2026-07-28': [{ pattern: /^tasks-/, reason: 'the tasks extension is not served' }],
  '2025-11-25': [
    {
      pattern: /^tools-call-(sampling|elicitation)$|^elicitation-/,
      reason: 'a stateless server cannot ask its client',
    },
    { pattern: /^resources-(un)?subscribe$/, reason: 'a stateless server has no stream to notify on' },
    {
      pattern: /^server-(sse-|session-lifecycle)/,
      reason: 'a stateless server has no sessions and no stream to come back to',
    },
  ],
};

const AT_ONCE = 2;
const LONGEST_MS = 60_000;
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
  const { code, output } = await cli('list', '--server', '--spec-version', version);
  const names = [...output.matchAll(/^ {2}- (\S+)/gm)].map(([, name]) => name ?? '');
  if (code !== 0 || names.length === 0) throw new Error(`the suite lists no scenarios for ${version}:\n${output}`);
  return names;
}

async function checksIn(directory: string): Promise<Check[]> {
  const files = await readdir(directory, { recursive: true });
  const found = files.filter((file) => file.endsWith('checks.json'));
  const texts = await Promise.all(found.map((file) => readFile(join(directory, file), 'utf8')));
  return texts.flatMap((text) => JSON.parse(text) as Check[]);
}

async function runScenario(url: string, scenario: string, version: string): Promise<Outcome> {
  const directory = await mkdtemp(join(tmpdir(), 'conformance-'));
  try {
    const target = ['--url', url, '--scenario', scenario, '--spec-version', version, '-o', directory];
    const { code, output } = await cli('server', ...target);
    const checks = await checksIn(directory);
    const failed = checks.some(({ status }) => status === 'FAILURE');
    const passed = code === 0 && !failed && checks.some(({ status }) => status === 'SUCCESS');
    if (!passed && !failed) {
      checks.push({ id: 'the suite itself', status: 'FAILURE', errorMessage: `exit ${code}: ${output.slice(-500)}` });
    }
    return { scenario, version, checks, passed };
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
  console.log(`${passed ? 'pass' : 'FAIL'}  ${version}  ${scenario.padEnd(38)} ${counts.join(', ')}`);
  for (const { id, status, errorMessage } of checks) {
    if (status === 'FAILURE' || status === 'WARNING') console.log(`        ${status} ${id}: ${errorMessage ?? ''}`);
  }
}

const served = await serveApp(conformanceApp, { builtIns: true });
const outcomes: Outcome[] = [];
try {
  const work: { scenario: string; version: string }[] = [];
  for (const [version, leftOut] of Object.entries(LEFT_OUT)) {
    for (const scenario of await scenariosOf(version)) {
      const left = leftOut.find(({ pattern }) => pattern.test(scenario));
      if (left) console.log(`left  ${version}  ${scenario.padEnd(38)} ${left.reason}`);
      else work.push({ scenario, version });
    }
  }
  const worker = async () => {
    for (let next = work.shift(); next; next = work.shift()) {
      const outcome = await runScenario(served.mcpUrl, next.scenario, next.version);
      outcomes.push(outcome);
      report(outcome);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
} finally {
  await served.close();
}

const failed = outcomes.filter(({ passed }) => !passed).length;
console.log(`${outcomes.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 && outcomes.length > 0 ? 0 : 1;
