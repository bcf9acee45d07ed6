/**
 * What it costs to ask who calls: the same app open to everyone, with a warm key, and with a warm RS256 token. Each server is a
 * process of its own on one core, the load (wrk) on the other; rounds are interleaved, and medians compared: of requests per second,
 * and of processor time for one request, which says more where other work runs on the machine.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts, type ServerProcess, startProcess } from '../../infra/local/server-process.ts';
import { scriptOf } from './endpoint.ts';
import { median, print } from './print.ts';
import { processorSeconds } from './processor-time.ts';
import { runWrk } from './wrk.ts';

const MODES = ['none', 'keys', 'oauth'] as const;
const SERVER = join(import.meta.dirname, 'servers', 'asking.ts');
const ROUNDS = 5;
const SECONDS = 3;
const CONNECTIONS = 16;

export async function benchAuth(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-bench-'));
  const ports = await freePorts(MODES.length);
  const fileOf = (mode: string) => join(folder, `${mode}.credential`);
  const running: ServerProcess[] = [];
  try {
    for (const [index, mode] of MODES.entries()) {
      const args = ['-c', '0', process.execPath, SERVER, String(ports[index]), mode, fileOf(mode)];
      running.push(await startProcess('taskset', args, /listening/));
    }
    for (const method of ['tools/call', 'tools/list'] as const) {
      const rates = MODES.map((): number[] => []);
      const costs = MODES.map((): number[] => []);
      for (let round = 0; round <= ROUNDS; round += 1) {
        for (const [index, mode] of MODES.entries()) {
          const file = join(folder, `${mode}.lua`);
          writeFileSync(file, scriptOf(method, { Authorization: `Bearer ${readFileSync(fileOf(mode), 'utf8')}` }));
          const pid = running[index]?.pid ?? 0;
          const before = processorSeconds(pid);
          const { rate } = await runWrk(`http://127.0.0.1:${ports[index]}/mcp`, file, SECONDS, CONNECTIONS);
          // The first round only warms up.
          if (round === 0) continue;
          rates[index]?.push(rate);
          costs[index]?.push(((processorSeconds(pid) - before) * 1e6) / (rate * SECONDS));
        }
      }
      const [none = 0, keys = 0, oauth = 0] = rates.map(median);
      const [noneUs = 0, keysUs = 0, oauthUs = 0] = costs.map(median);
      print(`${method}, who calls, ${CONNECTIONS} connections`, [
        ['open to everyone', `${Math.round(none)}/s, ${Math.round(noneUs)} µs`],
        ['a warm key : open', (keys / none).toFixed(2), '≥ 0.90'],
        ['by processor time', (noneUs / keysUs).toFixed(2)],
        ['a warm RS256 token : open', (oauth / none).toFixed(2), '≥ 0.90'],
        ['by processor time', (noneUs / oauthUs).toFixed(2)],
      ]);
    }
  } finally {
    await Promise.all(running.map((server) => server.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}
