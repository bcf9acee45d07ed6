/** Serves the registry over a pipe such as standard input and output, both eras on one connection. Workers do not bundle this file. */
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import type { Principal } from '../../base/principal.ts';
import { createPipeTransport, type Pipe } from './pipe-transport.ts';
import { createServerSource, type ServerDeps } from './server.ts';

/**
 * Serves until the other side hangs up. Nothing else may write to the pipe meanwhile.
 * @param principal who calls: whoever started the process
 * @param transport that of standard input and output
 */
export function serveRegistryOverStdio(deps: ServerDeps, principal: Principal, pipe: Pipe): { close(): Promise<void> } {
  const { factory } = createServerSource(deps, principal);
  const { log } = deps.runtime;
  return serveStdio(factory, {
    transport: createPipeTransport(pipe, log),
    onerror: (error) => log('debug', `stdio: ${error.message}`),
  });
}
