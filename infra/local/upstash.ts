/**
 * A REST front that speaks Upstash's HTTP protocol before a plain Redis, for development and tests: `POST /` with one
 * command, `/pipeline`, `/multi-exec`, bearer token, base64 answers on request, requests up to 1 MiB.
 * Deliberately not here: commands in the path, publish/subscribe, monitoring, blocking commands.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connectRedis, ReplyError, Status, type RedisConnection, type Reply } from './redis-connection.ts';

const MOST_REQUEST_BYTES = 1_048_576;
/** Upstash does not offer these; on a connection that all requests share they would also harm each other. */
const REFUSED =
  `AUTH BLMOVE BLMPOP BLPOP BRPOP BRPOPLPUSH BZMPOP BZPOPMAX BZPOPMIN CLIENT CONFIG DEBUG DISCARD EXEC HELLO
  MONITOR MULTI PSUBSCRIBE QUIT RESET SELECT SHUTDOWN SSUBSCRIBE SUBSCRIBE UNWATCH WAIT WATCH`.split(/\s+/);

export interface UpstashFront {
  /** What `UPSTASH_REDIS_REST_URL` is set to. */
  url: string;
  /** What `UPSTASH_REDIS_REST_TOKEN` is set to. */
  token: string;
  /** How many HTTP requests it has answered. */
  requests(): number;
  stop(): Promise<void>;
}

export interface UpstashOptions {
  /** Default: a random one. */
  token?: string;
  /** Commands to refuse beyond those that Upstash refuses. */
  refuse?: readonly string[];
  /** Default: a free one. */
  port?: number;
}

interface Answer {
  status: number;
  body: unknown;
}

type Command = readonly string[];

export async function startUpstash(redisUrl: string, options: UpstashOptions = {}): Promise<UpstashFront> {
  const token = options.token ?? randomUUID();
  const refused = new Set([...REFUSED, ...(options.refuse ?? [])]);
  let shared: RedisConnection | null = null;
  let requests = 0;

  function connection(): RedisConnection {
    if (!shared?.isOpen()) shared = connectRedis(redisUrl);
    return shared;
  }

  async function answer(request: IncomingMessage): Promise<Answer> {
    const body = await readBody(request);
    if (body === null) return failure(413, `ERR max request size exceeded. Limit: ${MOST_REQUEST_BYTES} bytes`);
    if (request.headers.authorization !== `Bearer ${token}`) {
      return failure(401, request.headers.authorization ? 'WRONGPASS invalid or missing auth token' : 'Unauthorized');
    }
    if (request.method !== 'POST') return failure(405, 'ERR only POST is served');
    const asBase64 = request.headers['upstash-encoding'] === 'base64';
    if (request.url === '/') return runOne(readCommand(body, refused), asBase64);
    const commands = readCommands(body);
    if (commands === null) return failure(400, 'ERR empty pipeline request');
    const checked = commands.map((command) => checkCommand(command, refused));
    if (request.url === '/pipeline') return runPipeline(checked, asBase64);
    if (request.url === '/multi-exec') return runTransaction(checked, asBase64);
    return failure(404, `ERR no such path: ${request.url}`);
  }

  async function runOne(command: Command | ReplyError, asBase64: boolean): Promise<Answer> {
    if (command instanceof ReplyError) return failure(400, command.message);
    const [reply = null] = await connection().run([command]);
    return { status: reply instanceof ReplyError ? 400 : 200, body: toResult(reply, asBase64) };
  }

  async function runPipeline(commands: (Command | ReplyError)[], asBase64: boolean): Promise<Answer> {
    const runnable = commands.filter((command): command is Command => !(command instanceof ReplyError));
    const replies = runnable.length > 0 ? await connection().run(runnable) : [];
    const results = commands.map((command) => (command instanceof ReplyError ? command : (replies.shift() ?? null)));
    return { status: 200, body: results.map((reply) => toResult(reply, asBase64)) };
  }

  async function runTransaction(commands: (Command | ReplyError)[], asBase64: boolean): Promise<Answer> {
    const wrong = commands.find((command) => command instanceof ReplyError);
    if (wrong) return failure(400, wrong.message);
    const replies = await connection().run([['MULTI'], ...(commands as Command[]), ['EXEC']]);
    const executed = replies.at(-1) ?? null;
    if (!Array.isArray(executed)) {
      const reason = replies.find((reply) => reply instanceof ReplyError);
      return failure(400, reason?.message ?? 'EXECABORT the transaction was discarded');
    }
    return { status: 200, body: executed.map((reply) => toResult(reply, asBase64)) };
  }

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status, body } = await answer(request).catch((error: unknown) =>
      failure(502, `ERR Redis cannot be reached: ${String(error)}`),
    );
    requests += 1;
    const text = JSON.stringify(body);
    response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
    response.end(text);
  }

  const server = createServer((request, response) => void respond(request, response));
  server.keepAliveTimeout = 60_000;
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token,
    requests: () => requests,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      shared?.close();
      await closed;
    },
  };
}

/** The whole body; null where it is too large. */
async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MOST_REQUEST_BYTES) chunks.push(chunk);
  }
  return size > MOST_REQUEST_BYTES ? null : Buffer.concat(chunks).toString('utf8');
}

function readCommand(body: string, refused: ReadonlySet<string>): Command | ReplyError {
  return checkCommand(parseJson(body), refused);
}

function readCommands(body: string): unknown[] | null {
  const commands = parseJson(body);
  return Array.isArray(commands) && commands.length > 0 ? commands : null;
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}

function isArgument(part: unknown): boolean {
  return ['string', 'number', 'boolean'].includes(typeof part);
}

function checkCommand(command: unknown, refused: ReadonlySet<string>): Command | ReplyError {
  if (!Array.isArray(command) || command.length === 0 || !command.every(isArgument)) {
    return new ReplyError('ERR failed to parse command');
  }
  const words = command.map(String);
  const name = words[0]?.toUpperCase() ?? '';
  return refused.has(name) ? new ReplyError(`ERR Command is not available: '${name}'`) : words;
}

function toResult(reply: Reply, asBase64: boolean): { result: unknown } | { error: string } {
  return reply instanceof ReplyError ? { error: reply.message } : { result: toJson(reply, asBase64) };
}

function toJson(reply: Reply, asBase64: boolean): unknown {
  if (Array.isArray(reply)) return reply.map((item) => toJson(item, asBase64));
  if (reply instanceof ReplyError) return { error: reply.message };
  if (reply instanceof Status) {
    return asBase64 && reply.text !== 'OK' ? Buffer.from(reply.text).toString('base64') : reply.text;
  }
  return Buffer.isBuffer(reply) ? reply.toString(asBase64 ? 'base64' : 'utf8') : reply;
}

function failure(status: number, error: string): Answer {
  return { status, body: { error } };
}
