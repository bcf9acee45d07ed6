/**
 * How Node listens: which address a name means, for how long connections are kept, what every answer says, and which variable
 * mends what fails.
 */
import { lookup } from 'node:dns/promises';
import { type IncomingMessage, type OutgoingHttpHeaders, type ServerOptions, ServerResponse } from 'node:http';
import type { Config } from '../../base/config/config.ts';
import { isEveryAddress, isLoopback, readHostname } from '../../base/config/origins.ts';
import { TidegateError } from '../../base/errors.ts';
import type { Log } from '../../base/runtime.ts';
import { isOpen } from '../callers.ts';
import type { CallerOptions } from '../http-host.ts';
import { withSafeHeaders } from '../../http/safe-headers.ts';

/** The address that a name means on this machine, as listening finds it too. What has none is refused there. */
export async function addressOf(hostname: string): Promise<string> {
  const found = await lookup(hostname).catch(() => null);
  return found?.address ?? hostname;
}

/** How often Node looks for connections whose time is over, ms. */
const CHECK_MS = 2_000;

/**
 * @param keepAliveMs longer than a balancer in front keeps idle connections: whoever ends one first may cut off a request
 * that is on its way.
 * @param requestMs how long headers and body may take to come
 */
export function timeoutsFor(keepAliveMs: number, requestMs: number): ServerOptions {
  return {
    keepAliveTimeout: keepAliveMs,
    headersTimeout: requestMs,
    requestTimeout: requestMs,
    connectionsCheckingInterval: Math.min(CHECK_MS, requestMs),
  };
}

/**
 * Answers with the headers of `http/safe-headers.ts`, whoever writes them: a route, a bound, the end of the process.
 * @param isSecure whether the server is reached by https alone
 */
export function createSafeResponse(isSecure: boolean): typeof ServerResponse {
  return class<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {
    override writeHead(status: number, ...rest: unknown[]): this {
      const [given = {}] = rest;
      // Node itself writes a list, to a request without `Host`. Nobody gives a reason.
      const named = Array.isArray(given) ? listedHeaders(given as string[]) : (given as Record<string, string>);
      const headers: OutgoingHttpHeaders = withSafeHeaders(named, isSecure);
      return super.writeHead(status, headers);
    }
  };
}

/** Of a list in which each name stands before its value. */
function listedHeaders(list: readonly string[]): Record<string, string> {
  return Object.fromEntries(list.flatMap((name, at) => (at % 2 === 0 ? [[name, list[at + 1] ?? '']] : [])));
}

/** A host as URLs write it. */
export function hostInUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** The error for an address that cannot be listened on, which names the variable that mends it. */
export function notListening(cause: NodeJS.ErrnoException, host: string, port: number): TidegateError {
  const mend = cause.code === 'EADDRINUSE' ? taken(port) : cause.code === 'EACCES' ? reserved(port) : elsewhere(host);
  const message = `cannot listen on ${hostInUrl(host)}:${port}: ${cause.message}`;
  return new TidegateError('invalid_config', message, { ...mend, cause });
}

const taken = (port: number) => ({
  field: 'PORT',
  expected: 'a port that is free',
  hint: `set PORT to another number, or end what listens on ${port}`,
});

const reserved = (port: number) => ({
  field: 'PORT',
  expected: 'a port that this user may listen on, usually from 1024 on',
  hint: `set PORT to another number than ${port}`,
});

/** A name that leads nowhere, or an address that is not one of this machine's. */
const elsewhere = (host: string) => ({
  field: 'HOST',
  expected: 'an address or name of this machine: 127.0.0.1, 0.0.0.0 for all of its addresses, or one of them',
  hint: `HOST is ${host}; the name that others reach it by goes into PUBLIC_URL`,
});

type Listening = Pick<Config, 'auth' | 'host' | 'publicUrl'>;

/**
 * A process that anybody else reaches does not start without a way to know its callers, unless its operator says so. A proxy in
 * front of it is told of by `PUBLIC_URL` alone. Looks at every address that `HOST` means. One that means none is refused when it is listened on.
 * @throws TidegateError `invalid_config` naming `AUTH`
 */
export async function checkOpenAddress(config: Listening, own: CallerOptions, log: Log): Promise<void> {
  if (!isOpen(config, own) || config.auth.saidNone) return;
  const found = await lookup(config.host, { all: true }).catch(() => []);
  for (const { address } of found) refuseOpen(config, own, address);
  const named = config.publicUrl === null ? null : URL.parse(config.publicUrl)?.hostname;
  if (named == null || isLoopback(named)) return;
  const expected = 'keys or oauth, unless what stands in front asks who calls; none says that this is meant';
  log('warn', 'everyone who reaches PUBLIC_URL may call this server: AUTH is not set', { field: 'AUTH', expected });
}

/** The same for one address, such as the one that was bound. */
export function refuseOpen(config: Listening, own: CallerOptions, address: string): void {
  if (!isOpen(config, own) || config.auth.saidNone) return;
  if (isLoopback(readHostname(address) ?? '')) return;
  const message = `HOST is ${config.host}, so others than this machine would reach a server that asks nobody who calls`;
  throw new TidegateError('invalid_config', message, {
    field: 'AUTH',
    expected: 'keys or oauth, or none to say that everyone may call',
    hint: 'AUTH=keys is the simplest: tidegate keys create --name me makes a key. HOST=127.0.0.1 keeps the server to this machine',
  });
}

/**
 * Warns once where keys and tokens come from other machines without https, as far as the server can know: a proxy in front of it
 * that takes https is told of by `PUBLIC_URL`.
 */
export function tellPlain({ auth, host, publicUrl }: Listening, log: Log): void {
  if (auth.modes.length === 0) return;
  const url = URL.parse(publicUrl ?? `http://${hostInUrl(host)}`);
  if (url === null || url.protocol === 'https:' || isLoopback(readHostname(url.hostname) ?? '')) return;
  log('warn', 'callers send keys or tokens over http, and whoever is on the way can read them', {
    field: 'PUBLIC_URL',
    expected: 'the https URL of what stands in front of this server, or a network in which nobody else reads',
  });
}

/**
 * The URL by which clients find what listens at `bound`. An address that means all of the machine's is none to connect to.
 * @param bound with its port
 */
export function clientUrl({ host, publicUrl }: Pick<Config, 'host' | 'publicUrl'>, bound: string): string {
  if (publicUrl !== null) return publicUrl.replace(/\/+$/, '');
  const url = new URL(bound);
  if (!isEveryAddress(readHostname(host) ?? '')) return bound;
  url.hostname = '127.0.0.1';
  return url.origin;
}
