/**
 * A server program as a child of this process: ready when it says so, ended through its own handle, and never left
 * behind when this process ends. It knows no particular server.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { findProgram } from './programs.ts';

const READY_WITHIN_MS = 10_000;
const END_WITHIN_MS = 5_000;
const PORT_TRIES = 5;

export interface ServerProcess {
  pid: number;
  /** Asks it to end (SIGTERM, after 5 s SIGKILL), and resolves when it has. Safe to call twice. */
  stop(): Promise<void>;
}

/** Starts a program and resolves when its output matches `ready`. Rejects with its output when it ends or is silent for 10 s. */
export async function startProcess(program: string, args: readonly string[], ready: RegExp): Promise<ServerProcess> {
  const path = findProgram(program);
  if (path === null) throw new Error(`${program} is not installed`);
  const child = spawn(path, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const killWithUs = () => void child.kill('SIGKILL');
  process.once('exit', killWithUs);
  child.once('exit', () => process.removeListener('exit', killWithUs));
  await untilReady(child, program, ready);
  return { pid: child.pid ?? 0, stop: () => stop(child) };
}

/** Calls `start` with a free port, and again with another where that was taken by someone else in between. */
export async function onFreePorts<Running>(
  count: number,
  start: (ports: number[]) => Promise<Running>,
): Promise<Running> {
  for (let attempt = 1; ; attempt += 1) {
    const ports = await freePorts(count);
    try {
      return await start(ports);
    } catch (error) {
      if (attempt === PORT_TRIES || !/address already in use/i.test(String(error))) throw error;
    }
  }
}

/** Ports on 127.0.0.1 that were free a moment ago, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

function untilReady(child: ChildProcess, program: string, ready: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = '';
    const fail = (reason: string) => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      reject(new Error(`${program} ${reason}:\n${output.slice(-2_000)}`));
    };
    const timer = setTimeout(() => fail(`was not ready after ${READY_WITHIN_MS} ms`), READY_WITHIN_MS);
    const listen = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-8_000);
      if (!ready.test(output)) return;
      clearTimeout(timer);
      child.removeListener('exit', onExit);
      resolve();
    };
    const onExit = (code: number | null) => fail(`ended with status ${code}`);
    child.once('exit', onExit);
    child.once('error', (error) => fail(`could not be started (${error.message})`));
    child.stdout?.on('data', listen);
    child.stderr?.on('data', listen);
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => void child.kill('SIGKILL'), END_WITHIN_MS);
  await ended;
  clearTimeout(timer);
}
