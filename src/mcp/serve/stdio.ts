/** Serves the registry over standard input and output, both eras on one connection. Workers do not bundle this file. */
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import type { Principal } from '../../base/principal.ts';
import { createServerSource, type ServerDeps } from './server.ts';

/**
 * Serves until standard input ends. Nothing else may write to standard output meanwhile.
 * @param principal who calls: whoever started the process
 */
export function serveRegistryOverStdio(deps: ServerDeps, principal: Principal): { close(): Promise<void> } {
  const { factory } = createServerSource(deps, principal);
  return serveStdio(factory, { onerror: (error) => deps.runtime.log('debug', `stdio: ${error.message}`) });
}
