/**
 * `node test/soak/mixed.ts COMMIT [seconds]`: the release of a commit and this one side by side on one store, under the load of good
 * clients of both, 600 s by default. Nothing is lost or doubled, and no error is blamed on a client, whoever serves.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createClients } from './clients.ts';
import { createServer } from './server.ts';
import { settle } from './soak.ts';
import { startSource } from './source.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const CLIENTS = 4;
const PAUSE_MS = 50;

const [commit = '', given = '600'] = process.argv.slice(2);
const seconds = Number(given);
if (commit === '' || !(seconds > 0)) {
  console.error('node test/soak/mixed.ts COMMIT [seconds]');
  process.exit(2);
}
const folder = mkdtempSync(join(tmpdir(), 'tidegate-mixed-'));
const former = join(folder, 'former');
execFileSync('git', ['-C', ROOT, 'worktree', 'add', '--quiet', '--detach', former, commit]);
symlinkSync(join(ROOT, 'node_modules'), join(former, 'node_modules'));
const source = await startSource(20);
const path = join(folder, 'store.sqlite');
const servers = [await createServer(path, source.origin, former), await createServer(path, source.origin)];
try {
  for (const server of servers) await server.start();
  const both = servers.map(({ url }) => createClients(url));
  const until = performance.now() + seconds * 1_000;
  await Promise.all(both.map((clients) => clients.run(CLIENTS, until, PAUSE_MS)));
  source.rest();
  const wrong: string[] = [];
  for (const [index, clients] of both.entries()) {
    const { streams, tasks } = await settle(clients, source.size());
    const { ok, busy, away } = clients.outcomes;
    console.log(index === 0 ? 'former' : 'this one', { ok, busy, away, streams, tasks });
    wrong.push(...[...clients.outcomes.wrong].map(([what, times]) => `${times} × ${what}`));
    for (const [name, { lost, doubled }] of Object.entries(streams)) {
      if (lost + doubled > 0) wrong.push(`${name}: ${lost} lost, ${doubled} doubled`);
    }
    if (tasks.notDone + tasks.wrong > 0) wrong.push(`tasks: ${tasks.notDone} not done, ${tasks.wrong} wrong`);
  }
  for (const line of wrong) console.log(line);
  console.log(`${wrong.length === 0 ? 1 : 0} passed, ${wrong.length} failed`);
  process.exitCode = wrong.length === 0 ? 0 : 1;
} finally {
  for (const server of servers) await server.end('SIGTERM');
  await source.stop();
  execFileSync('git', ['-C', ROOT, 'worktree', 'remove', '--force', former]);
  rmSync(folder, { recursive: true, force: true });
}
