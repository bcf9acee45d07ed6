/** Two streams of Node, such as standard input and output, as the pipe over which MCP is served. */
import type { Readable, Writable } from 'node:stream';
import type { Pipe } from '../../mcp/serve/pipe-transport.ts';

export function nodePipe(input: Readable = process.stdin, output: Writable = process.stdout): Pipe {
  let taking: ((bytes: Uint8Array) => void) | null = null;
  return {
    open(take, ended) {
      taking = take;
      input.on('data', take);
      for (const event of ['end', 'close', 'error']) input.on(event, ended);
      // Without a listener a client that went away would end the process by an error.
      output.on('error', ended);
    },
    write: (text) =>
      new Promise((resolve, reject) => {
        output.write(text, (error) => (error ? reject(error) : resolve()));
      }),
    close() {
      if (taking !== null) input.off('data', taking);
      if (input.listenerCount('data') === 0) input.pause();
    },
  };
}
