/** One connection to a Redis server, as small as the REST front needs it: RESP2, pipelined, binary-safe. */
import { connect } from 'node:net';

export type Reply = null | number | Buffer | Status | ReplyError | Reply[];

/** A simple string reply, such as `OK`: the REST protocol tells it from a bulk string. */
export class Status {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** An error that Redis answered. It is a value here: inside a pipeline or an array, the other replies stand. */
export class ReplyError {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

export interface RedisConnection {
  /** Sends the commands in one write, so that none of another call comes in between; answers their replies in order. */
  run(commands: readonly (readonly (string | Buffer)[])[]): Promise<Reply[]>;
  isOpen(): boolean;
  close(): void;
}

export function connectRedis(url: string): RedisConnection {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port || 6379), hostname).setNoDelay(true);
  const waiting: { resolve(reply: Reply): void; reject(error: Error): void }[] = [];
  const parse = createReplyParser((reply) => waiting.shift()?.resolve(reply));
  let broken: Error | null = null;

  function fail(error: Error): void {
    broken ??= error;
    for (const call of waiting.splice(0)) call.reject(broken);
  }
  socket.on('data', parse);
  socket.on('error', fail);
  socket.on('close', () => fail(new Error('the connection to Redis was closed')));

  return {
    run(commands) {
      if (broken) return Promise.reject(broken);
      const replies = commands.map(() => new Promise<Reply>((resolve, reject) => waiting.push({ resolve, reject })));
      socket.write(Buffer.concat(commands.flatMap(encodeCommand)));
      return Promise.all(replies);
    },
    isOpen: () => broken === null,
    close: () => void socket.destroy(),
  };
}

function encodeCommand(command: readonly (string | Buffer)[]): Buffer[] {
  const parts = command.flatMap((argument) => {
    const bytes = Buffer.from(argument);
    return [Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')];
  });
  return [Buffer.from(`*${command.length}\r\n`), ...parts];
}

/** Takes chunks as they arrive and calls `onReply` with each whole reply. Never reads a finished element twice. */
export function createReplyParser(onReply: (reply: Reply) => void): (chunk: Buffer) => void {
  let bytes: Buffer = Buffer.alloc(0);
  const open: { items: Reply[]; missing: number }[] = [];

  function take(reply: Reply): void {
    let done = reply;
    for (let array = open.at(-1); array; array = open.at(-1)) {
      array.items.push(done);
      array.missing -= 1;
      if (array.missing > 0) return;
      open.pop();
      done = array.items;
    }
    onReply(done);
  }

  return (chunk) => {
    bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
    let at = 0;
    for (;;) {
      const lineEnd = bytes.indexOf('\r\n', at);
      if (lineEnd < 0) break;
      const type = String.fromCharCode(bytes[at] ?? 0);
      const line = bytes.toString('utf8', at + 1, lineEnd);
      let next = lineEnd + 2;
      if (type === '$' && line !== '-1') {
        const bulkEnd = next + Number(line);
        if (bytes.length < bulkEnd + 2) break;
        take(Buffer.from(bytes.subarray(next, bulkEnd)));
        next = bulkEnd + 2;
      } else if (type === '*' && Number(line) > 0) open.push({ items: [], missing: Number(line) });
      else take(simpleReply(type, line));
      at = next;
    }
    bytes = bytes.subarray(at);
  };
}

function simpleReply(type: string, line: string): Reply {
  if (type === '+') return new Status(line);
  if (type === '-') return new ReplyError(line);
  // A number that a double cannot hold goes on as text.
  if (type === ':') return Number.isSafeInteger(Number(line)) ? Number(line) : new Status(line);
  if (type === '*' && line === '0') return [];
  if (line === '-1') return null;
  throw new Error(`Redis answered a reply of unknown type ${type}`);
}
