/** Serves the registry over standard input and output, both eras on one connection. Workers do not bundle this file. */
import type { Transport } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import type { Principal } from '../../base/principal.ts';
import { createServerSource, type ServerDeps } from './server.ts';

/**
 * Serves until standard input ends. Nothing else may write to standard output meanwhile.
 * @param principal who calls: whoever started the process
 * @param transport that of standard input and output
 */
export function serveRegistryOverStdio(
  deps: ServerDeps,
  principal: Principal,
  transport: Transport,
): { close(): Promise<void> } {
  const { factory } = createServerSource(deps, principal);
  return serveStdio(factory, { transport, onerror: (error) => deps.runtime.log('debug', `stdio: ${error.message}`) });
}
