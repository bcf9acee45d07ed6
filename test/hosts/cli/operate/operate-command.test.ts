/** Operators' commands as processes: what goes to which output, with which status, and what a wrong call is told. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
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
    // The message stays in sight on a terminal of 24 lines.
    expect(told.trim().split('\n').length).toBeLessThan(20);
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

  test.skipIf(!existsSync('/dev/full'))('a full disk is told in a line, and is a failure', async () => {
    const { variables, file } = await filled(30);
    const full = openSync('/dev/full', 'w');
    const env = { PATH: process.env['PATH'] ?? '', ...compiled(), ...variables };
    for (const args of [
      ['streams', 'list', '--json'],
      ['streams', 'export', 'readings', '-'],
      ['keys', 'list'],
      ['backup', '-'],
    ]) {
      const child = spawn(process.execPath, [CLI, ...args, '--app', APP], { env, stdio: ['ignore', full, 'pipe'] });
      let told = '';
      child.stderr?.on('data', (chunk: Buffer) => (told += chunk.toString()));
      const [status] = (await once(child, 'close')) as [number];
      expect(status, args.join(' ')).toBe(1);
      expect(told, args.join(' ')).toMatch(/^tidegate: standard output cannot be written: .*ENOSPC/);
      expect(told.match(/ENOSPC/g), args.join(' ')).toHaveLength(1);
      expect(told).not.toMatch(/^ +at /m);
    }
    closeSync(full);
    expect(file).not.toBe('');
  });

  test('help says what a noun takes, and what there is', async () => {
    const [one, all] = await Promise.all([ended(runCli(['feeds', '--help'])), ended(runCli(['--help']))]);
    expect(one).toMatchObject({ status: 0, told: '' });
    expect(one.out).toContain('tidegate feeds list');
    expect(one.out).not.toContain('tidegate streams');
    expect(all.out).toContain('tidegate streams list');
  });
});

describe('a store that is not meant', { timeout: 60_000 }, () => {
  test.each([
    [['streams', 'list']],
    [['backup', 'all.gz']],
    [['keys', 'create', '--name', 'me']],
    [['tasks', 'list']],
    [['triggers', 'list']],
  ])('%j in a folder without an app does nothing, and names --app', async (args) => {
    const folder = temporaryFolder();
    const { status, out, told } = await ended(runCli(args, {}, folder));
    expect([status, out, readdirSync(folder)]).toEqual([1, '', []]);
    expect(told).toMatch(/there is no app in this folder.*--app FILE/s);
  });

  test('where the demo was started, or is named, it is meant', async () => {
    const folder = temporaryFolder();
    const demo = join(import.meta.dirname, '../../../../src/app.ts');
    expect(await ended(runCli(['keys', 'list', '--app', demo], {}, folder))).toMatchObject({ status: 0 });
    expect(await ended(runCli(['keys', 'list'], {}, folder))).toMatchObject({ status: 0 });
  });

  test.each([
    [['streams', 'import', 'readings', 'in.ndjson']],
    [['restore', 'all.gz']],
    [['backup', 'all.gz']],
    [['feeds', 'pause', 'readings']],
  ])('%j on a store that ends with it is refused', async (args) => {
    const folder = temporaryFolder();
    const { status, out, told } = await ended(runCli([...args, '--app', APP], { STORE: 'memory' }, folder));
    expect([status, out, readdirSync(folder)]).toEqual([1, '', []]);
    expect(told).toContain('STORE is memory, which this command shares with no server');
  });
});

const lineOf = (n: number) => JSON.stringify({ data: { device: n % 2 === 0 ? '東京タワー' : 'ada', n } });

async function filled(lines: number): Promise<{ variables: Record<string, string>; file: string; folder: string }> {
  const folder = temporaryFolder();
  const file = join(folder, 'in.ndjson');
  writeFileSync(file, `${Array.from({ length: lines }, (_, n) => lineOf(n)).join('\n')}\n`);
  const variables = { STORE: 'sqlite', SQLITE_PATH: join(folder, 'operated.db') };
  const done = await ended(runCli(['streams', 'import', 'readings', file, '--app', APP], variables));
  expect(done).toMatchObject({ status: 0, out: `${lines} of ${lines} events appended to readings\n` });
  return { variables, file, folder };
}

describe('what others stumbled over', { timeout: 40_000 }, () => {
  test('more than a pipe holds comes whole, beyond a page of 1,000, and as JSON alone; a file is its owner’s', async () => {
    const { variables, folder } = await filled(2_500);
    const to = join(folder, 'out.csv');
    const [piped, written] = await Promise.all([
      ended(runCli(['streams', 'export', 'readings', '--json', '--app', APP], variables)),
      ended(runCli(['streams', 'export', 'readings', to, '--format', 'csv', '--app', APP], variables)),
    ]);
    const rows = piped.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { data: { n: number } });
    expect(rows.map(({ data }) => data.n)).toEqual(Array.from({ length: 2_500 }, (_, n) => n));
    // What is told of it stands beside, as JSON too.
    expect(JSON.parse(piped.told)).toMatchObject({ events: 2_500, file: '-' });
    expect(written).toMatchObject({ status: 0, told: '' });
    expect(readFileSync(to, 'utf8').split('\r\n')).toHaveLength(2_502);
    expect(statSync(to).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  test('nothing is deleted without a word where nobody can be asked, also not by a yes that is piped', async () => {
    const { variables } = await filled(4);
    const args = ['streams', 'delete', 'readings', '--app', APP];
    const child = runCli(args, variables);
    child.write('yes\n');
    child.hangUp();
    const refused = await ended(child);
    expect(refused).toMatchObject({ status: 2, out: '' });
    expect(refused.told).toContain('add --yes');
    // A part of a name is no name.
    const near = await ended(runCli(['streams', 'delete', 'read', '--yes', '--app', APP], variables));
    expect(near).toMatchObject({ status: 1, out: '' });
    expect(near.told).toContain('there is no stream read');
    const done = await ended(runCli([...args, '--yes'], variables));
    expect(done).toEqual({ status: 0, out: '4 events of readings are deleted\n', told: '' });
    const audit = await ended(runCli(['streams', 'tail', 'audit', '--json', '--app', APP], variables));
    expect(
      audit.out
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { data: object }).data),
    ).toMatchObject([
      { action: 'operate', target: 'streams import readings', outcome: 'done' },
      { action: 'operate', target: 'streams delete readings', outcome: 'done' },
    ]);
  });

  test('a wrong line anywhere leaves nothing half done, and is a failure', async () => {
    const { variables, file } = await filled(200);
    appendFileSync(file, '{"data":{"device":"x"}}\n');
    const half = await ended(runCli(['streams', 'import', 'readings', file, '--app', APP], variables));
    expect(half.status).toBe(1);
    expect(half.out).toContain('line 201: data.n: expected ');
    const list = await ended(runCli(['streams', 'list', '--json', '--app', APP], variables));
    expect(list.out).toContain('"events":200');
    const audit = await ended(runCli(['streams', 'tail', 'audit_failed', '--json', '--app', APP], variables));
    const { data } = JSON.parse(audit.out) as { data: object };
    expect(data).toMatchObject({ target: 'streams import readings', outcome: 'failed', code: 'invalid_input' });
  });
});
