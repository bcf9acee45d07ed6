/** Serves the registry over a pipe such as standard input and output, both eras on one connection. Workers do not bundle this file. */
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import type { Principal } from '../../base/principal.ts';
import { createPipeChanges } from './pipe-changes.ts';
import { createPipeTransport, type Pipe } from './pipe-transport.ts';
import type { ServerDeps } from '../serve/answering.ts';
import { createServerSource } from '../serve/server.ts';

interface PipeServing {
  /** Resolves when every request that came has its answer, or nobody reads any more. */
  answered(): Promise<void>;
  /** Answers every request that has no answer yet with an error, because the host ends. */
  giveUp(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Serves until the other side hangs up. Nothing else may write to the pipe meanwhile.
 * @param principal who calls: whoever started the process
 * @param transport that of standard input and output
 */
export function serveRegistryOverStdio(given: ServerDeps, principal: Principal, pipe: Pipe): PipeServing {
  const connection = given.runtime.newId();
  const deps = { ...given, connection };
  const { factory } = createServerSource(deps, principal);
  const { log } = deps.runtime;
  const { watch } = deps;
  const changesOf =
    watch && ((send: (message: object) => Promise<void>) => createPipeChanges({ ...deps, watch }, principal, send));
  const transport = createPipeTransport(pipe, log, changesOf);
  const serving = serveStdio(factory, { transport, onerror: (error) => log('debug', `stdio: ${error.message}`) });
  return { answered: () => transport.answered(), giveUp: () => transport.giveUp(), close: () => serving.close() };
}
