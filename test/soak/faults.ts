/** What goes wrong around a server that is under soak, one after the other. */
import { connect, type Socket } from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../chaos/until.ts';
import { MOODS, type Source } from './source.ts';
import type { SoakServer } from './server.ts';

export interface Stage {
  server: SoakServer;
  source: Source;
  sqlitePath: string;
}

export interface Fault {
  name: string;
  /** Whether another process serves afterwards, so that memory begins anew. */
  restarts: boolean;
  /** Resolves when it is over, after about `ms`. @returns what went wrong beside the clients */
  happen(stage: Stage, ms: number): Promise<string[]>;
}

/** A lock is held in turns, as a backup or another process holds it. */
const LOCK_MS = 4_000;
const HOSTILE = 60;

export const FAULTS: readonly Fault[] = [
  ...MOODS.filter((mood) => mood !== 'well').map((mood): Fault => ({
    name: `the source is ${mood}`,
    restarts: false,
    async happen({ source }, ms) {
      source.mood = mood;
      await sleep(ms);
      source.mood = 'well';
      return [];
    },
  })),
  {
    name: 'another process holds the lock of the file',
    restarts: false,
    async happen({ sqlitePath }, ms) {
      const database = new DatabaseSync(sqlitePath);
      for (const end = performance.now() + ms; performance.now() < end;) {
        await until('the lock of the file', () => isLocked(database));
        await sleep(Math.min(LOCK_MS, ms / 2));
        database.exec('ROLLBACK');
        await sleep(Math.min(1_000, ms / 4));
      }
      database.close();
      return [];
    },
  },
  { name: 'bodies that never end', restarts: false, happen: (stage, ms) => hostile(stage, ms, endlessBody) },
  { name: 'bodies a byte at a time', restarts: false, happen: (stage, ms) => hostile(stage, ms, slowBody) },
  { name: 'bodies that are cut', restarts: false, happen: (stage, ms) => hostile(stage, ms, cutBody) },
  { name: 'callers that never read', restarts: false, happen: (stage, ms) => hostile(stage, ms, deafCaller) },
  {
    name: 'the process stands still',
    restarts: false,
    async happen({ server }, ms) {
      server.freeze();
      await sleep(Math.min(5_000, ms / 2));
      server.thaw();
      await sleep(ms / 2);
      return [];
    },
  },
  { name: 'SIGTERM', restarts: true, happen: (stage, ms) => restarted(stage, ms, 'SIGTERM') },
  { name: 'SIGKILL', restarts: true, happen: (stage, ms) => restarted(stage, ms, 'SIGKILL') },
];

/** Not by SQLite's own waiting, which stops this process. */
function isLocked(database: DatabaseSync): boolean {
  try {
    database.exec('BEGIN IMMEDIATE');
    return true;
  } catch {
    return false;
  }
}

async function restarted({ server }: Stage, ms: number, signal: 'SIGTERM' | 'SIGKILL'): Promise<string[]> {
  const how = await server.end(signal);
  await sleep(ms / 4);
  await server.start();
  await sleep((ms * 3) / 4);
  return signal === 'SIGTERM' && how !== '0' ? [`after SIGTERM it ended with ${how}`] : [];
}

/** So many connections that misbehave in one way, each made anew when it was cut. */
async function hostile({ server }: Stage, ms: number, behave: (socket: Socket) => () => void): Promise<string[]> {
  const { port } = new URL(server.url);
  const open = new Set<() => void>();
  let over = false;
  const begin = () => {
    if (over) return;
    const socket = connect(Number(port), '127.0.0.1');
    const stop = behave(socket);
    const end = () => {
      stop();
      socket.destroy();
    };
    open.add(end);
    socket.on('error', () => {});
    socket.once('close', () => {
      stop();
      open.delete(end);
      // Not at once: a loop of refused connections would measure this process.
      setTimeout(begin, 100);
    });
  };
  for (let count = 0; count < HOSTILE; count += 1) begin();
  await sleep(ms);
  over = true;
  for (const end of open) end();
  return [];
}

const HEAD = 'POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nAccept: application/json\r\n';
const LEGACY = (args: string) =>
  `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read_history","arguments":${args}}}`;

function endlessBody(socket: Socket): () => void {
  socket.write(`${HEAD}Transfer-Encoding: chunked\r\n\r\n`);
  const chunk = `4000\r\n${'a'.repeat(0x4000)}\r\n`;
  return repeatedly(() => socket.writable && socket.writableLength < 100_000 && socket.write(chunk), 20);
}

function slowBody(socket: Socket): () => void {
  socket.write(`${HEAD}Content-Length: 100000\r\n\r\n`);
  return repeatedly(() => socket.writable && socket.write(' '), 50);
}

function cutBody(socket: Socket): () => void {
  socket.write(`${HEAD}Content-Length: 5000\r\n\r\n{"jsonrpc":`);
  const timer = setTimeout(() => socket.destroy(), 50);
  return () => clearTimeout(timer);
}

/** Asks for much, over and over on one connection, and reads nothing of it. */
function deafCaller(socket: Socket): () => void {
  socket.pause();
  const body = LEGACY('{"stream":"log","limit":1000}');
  const request = `${HEAD}Content-Length: ${body.length}\r\n\r\n${body}`;
  return repeatedly(() => socket.writable && socket.writableLength < 100_000 && socket.write(request), 100);
}

function repeatedly(act: () => unknown, everyMs: number): () => void {
  const timer = setInterval(act, everyMs);
  return () => clearInterval(timer);
}
