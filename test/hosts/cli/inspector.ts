/** The official Inspector's two command lines as child processes, with a home of their own. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from '../child.ts';
import { compiled } from '../../services/compiled.ts';

export type Era = 'legacy' | 'modern';

const CLIENTS = join(import.meta.dirname, '../../../node_modules/@modelcontextprotocol/inspector/clients');
const LONGEST_MS = 30_000;

const run = promisify(execFile);

/** `mcp-inspector --cli`: one request a process. Answers what it prints, as JSON. */
export async function inspectOnce(mcpUrl: string, era: Era, ...args: string[]): Promise<Record<string, unknown>> {
  const env = { PATH: process.env['PATH'] ?? '', HOME: temporaryFolder(), ...compiled() };
  const argv = [join(CLIENTS, 'launcher/build/index.js'), '--cli', mcpUrl, '--protocol-era', era, '-q', ...args];
  const { stdout } = await run(process.execPath, argv, { env, timeout: LONGEST_MS });
  return JSON.parse(stdout) as Record<string, unknown>;
}

/**
 * `mcpdo`: connects once, and keeps the connection in a process of its own between its commands, so that it can be asked
 * something. That process ends with the test.
 */
export async function connectInspector(mcpUrl: string, era: Era) {
  const home = temporaryFolder();
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    ...compiled(),
    MCP_INSPECTOR_DAEMON_DIR: join(home, 'd'),
    MCP_INSPECTOR_DAEMON_TOKEN: 'a token of this test alone, long enough',
    MCP_INSPECTOR_SECRET_STORE: 'memory',
  };
  async function command(...args: string[]): Promise<Record<string, unknown>> {
    const argv = [join(CLIENTS, 'mcpdo/build/mcp-bin.js'), '--format', 'json', '--connection', 'here', ...args];
    const { stdout } = await run(process.execPath, argv, { env, timeout: LONGEST_MS });
    return JSON.parse(stdout) as Record<string, unknown>;
  }
  onTestFinished(async () => void (await command('daemon', 'stop')));
  await command('connect', mcpUrl, '--era', era);
  return command;
}
