/**
 * Keeps standard output for messages of MCP: what an app or a package prints goes to standard error, also while it is loaded.
 * What writes to the file descriptor itself is not kept away: `fs.writeSync(1, …)`, and a child process that inherits it.
 */
import { Writable } from 'node:stream';

/** Answers the stream that still writes to `stdout`. Everybody else who writes there writes to `stderr` from now on. */
export function keepOutput(stdout: Writable, stderr: Writable): Writable {
  const write = stdout.write.bind(stdout) as (chunk: Buffer, written: (error?: Error | null) => void) => boolean;
  const kept = new Writable({ write: (chunk: Buffer, _encoding, written) => void write(chunk, written) });
  stdout.on('error', (error) => kept.destroy(error));
  stdout.write = stderr.write.bind(stderr);
  // An end would end the messages too.
  stdout.end = (chunk?: unknown) => {
    if (typeof chunk === 'string' || chunk instanceof Uint8Array) stderr.write(chunk);
    return stdout;
  };
  return kept;
}
