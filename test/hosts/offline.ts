/** Preloaded with `--import`: a machine without a network. No host name resolves; addresses of this machine go on working. */
import dns from 'node:dns/promises';
import { syncBuiltinESMExports } from 'node:module';

function lookup(host: string): Promise<never> {
  return Promise.reject(Object.assign(new Error(`getaddrinfo EAI_AGAIN ${host}`), { code: 'EAI_AGAIN' }));
}

Object.assign(dns, { lookup });
syncBuiltinESMExports();
