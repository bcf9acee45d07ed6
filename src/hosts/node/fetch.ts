/**
 * Fetch on Node, with `addresses` kept: the connection goes to an address that was checked, and never asks a name
 * server again, so an answer that changes between check and connect (DNS rebinding) reaches nothing. TLS still
 * verifies the name. Without `addresses` it is the platform's own fetch.
 */
import type { LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import type { Fetch } from '../../base/runtime.ts';

export const nodeFetch: Fetch = async (input, { addresses, ...init } = {}) => {
  if (addresses === undefined) return globalThis.fetch(input, init);
  // Loaded on first use, so that a process without such a feed does not wait for it.
  const { Agent, fetch } = await import('undici');
  // One agent per exchange, because the addresses are those of one check; no pipelining means no connection is kept.
  const dispatcher = new Agent({ pipelining: 0, connect: { lookup: lookupIn(addresses) } });
  // undici has types of its own for the values of the standard.
  const response = await fetch(input as string, { ...(init as object), dispatcher });
  return response;
};

/** A name lookup that knows one answer. */
export function lookupIn(addresses: readonly string[]): LookupFunction {
  const known: LookupAddress[] = addresses.map((address) => ({ address, family: isIP(address) }));
  return (host, options, callback) => {
    const wanted = options.family ? Number(String(options.family).replace('IPv', '')) : null;
    const fitting = wanted === null ? known : known.filter(({ family }) => family === wanted);
    const [first] = fitting;
    if (!first) callback(Object.assign(new Error(`no checked address of ${host}`), { code: 'ENOTFOUND' }), '', 0);
    else if (options.all) callback(null, fitting);
    else callback(null, first.address, first.family);
  };
}
