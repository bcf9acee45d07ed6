/** Two streams of Node, such as standard input and output, as the pipe over which MCP is served. */
import type { Readable, Writable } from 'node:stream';
import type { Pipe } from '../../mcp/pipe/pipe-transport.ts';

interface NodePipe extends Pipe {
  /** Resolves when nothing more comes, or nobody reads any more. */
  ended: Promise<void>;
}

const NEWLINE = 0x0a;

/** Whoever stops to write may still read: what is under way goes on, until its host closes the pipe. */
export function nodePipe(input: Readable = process.stdin, output: Writable = process.stdout): NodePipe {
  const { promise, resolve } = Promise.withResolvers<void>();
  let taking: ((bytes: Uint8Array) => void) | null = null;
  return {
    ended: promise,
    open(take, ended, silent) {
      taking = take;
      const hasEnded = () => {
        silent();
        resolve();
      };
      input.on('data', take);
      // What stands behind the last line break is a line too.
      input.on('end', () => take(Uint8Array.of(NEWLINE)));
      for (const event of ['end', 'close', 'error']) input.on(event, hasEnded);
      // Without a listener a client that went away would end the process by an error.
      output.on('error', () => {
        ended();
        resolve();
      });
    },
    write: (text) =>
      new Promise((written, reject) => {
        output.write(text, (error) => (error ? reject(error) : written()));
      }),
    close() {
      if (taking !== null) input.off('data', taking);
      if (input.listenerCount('data') === 0) input.pause();
    },
  };
}
