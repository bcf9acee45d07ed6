/** Operators' commands as processes: what goes to which output, with which status, and what a wrong call is told. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { compiled } from '../../../services/compiled.ts';
import { type Child, runCli, temporaryFolder } from '../../child.ts';

const APP = join(import.meta.dirname, 'operate-app.ts');
const CLI = join(import.meta.dirname, '../../../../src/hosts/cli/cli.ts');

function store(): Record<string, string> {
  return { STORE: 'sqlite', SQLITE_PATH: join(temporaryFolder(), 'operated.db') };
}

async function ended(child: Child): Promise<{ status: number | string; out: string; told: string }> {
  const status = await child.ended;
  return { status, out: child.stdout(), told: child.stderr() };
}

describe('operators’ commands', { timeout: 30_000 }, () => {
  test('a table, or JSON alone, however much is logged', async () => {
    const variables = { ...store(), LOG_LEVEL: 'debug', STOER: 'x' };
    const [table, json] = await Promise.all([
      ended(runCli(['streams', 'list', '--app', APP], variables)),
      ended(runCli(['streams', 'list', '--json', '--app', APP], { ...variables, ...store() })),
    ]);
    expect(table).toMatchObject({ status: 0 });
    expect(table.out).toMatch(/^STREAM +EVENTS +KEPT +NEWEST +FEED +TENANTS\nreadings +0 .*\nnotes +0 /);
    expect(json).toMatchObject({ status: 0 });
    const rows = json.out.trim().split('\n');
    expect(rows.map((line) => (JSON.parse(line) as { stream: string }).stream)).toEqual([
      'readings',
      'notes',
      'audit',
      'audit_failed',
    ]);
  });

  test.each([
    [['streams', 'lst'], 'there is no command streams lst: expected one of the commands list'],
    [['streams'], 'streams needs one of list'],
    [['streams', 'list', 'readings'], 'streams list takes no word readings'],
    [['streams', 'list', '--jsn'], '(did you mean --json?)'],
    [['stream', 'list'], '(did you mean streams?)'],
  ])('%j is a wrong call', async (args, words) => {
    const { status, out, told } = await ended(runCli([...args, '--app', APP], store()));
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(told).toContain(words);
  });

  test('who reads may leave before the end', async () => {
    const env = { PATH: process.env['PATH'] ?? '', ...compiled(), ...store() };
    const child = spawn(process.execPath, [CLI, 'streams', 'list', '--app', APP], { env });
    child.stdout.destroy();
    let told = '';
    child.stderr.on('data', (chunk: Buffer) => (told += chunk.toString()));
    const [status] = (await once(child, 'close')) as [number];
    expect({ status, told }).toEqual({ status: 0, told: '' });
  });

  test('help says what a noun takes, and what there is', async () => {
    const [one, all] = await Promise.all([ended(runCli(['feeds', '--help'])), ended(runCli(['--help']))]);
    expect(one).toMatchObject({ status: 0, told: '' });
    expect(one.out).toContain('tidegate feeds list');
    expect(one.out).not.toContain('tidegate streams');
    expect(all.out).toContain('tidegate streams list');
  });
});
