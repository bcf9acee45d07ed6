/** The registry over standard input and output: both eras on one connection. Not for bundles of workers. */
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { createServerSource, type ServerDeps } from './server.ts';

/** Serves until standard input ends. Nothing else may write to standard output meanwhile. */
export function serveRegistryOverStdio(deps: ServerDeps): { close(): Promise<void> } {
  const { factory } = createServerSource(deps);
  return serveStdio(factory, { onerror: (error) => deps.runtime.log('debug', `stdio: ${error.message}`) });
}
