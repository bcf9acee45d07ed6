/**
 * From which address a request comes. That is the one of its connection, unless that one is a proxy that was declared: then it is the
 * last address in `X-Forwarded-For` that is none, since each proxy adds the one that it was asked by. What stands before it was
 * written by the caller, and proves nothing.
 */
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import type { AddressRange } from '../../base/config/proxies.ts';

interface ClientAddress {
  address: string;
  /** Its connection is that of a proxy, which other callers share. */
  isForwarded: boolean;
}

/** A chain of more proxies is none. */
const MOST_HOPS = 20;

export function createClientAddresses(proxies: readonly AddressRange[]): (incoming: IncomingMessage) => ClientAddress {
  const trusted = new BlockList();
  for (const { address, family, prefix } of proxies) trusted.addSubnet(address, prefix, family);
  const isTrusted = (address: string) => {
    const version = isIP(address);
    return version !== 0 && trusted.check(address, version === 4 ? 'ipv4' : 'ipv6');
  };
  return ({ socket, headers }) => {
    let address = socket.remoteAddress ?? '';
    if (proxies.length === 0 || !isTrusted(address)) return { address, isForwarded: false };
    const hops = String(headers['x-forwarded-for'] ?? '')
      .split(',')
      .slice(-MOST_HOPS);
    for (const hop of hops.toReversed()) {
      const next = bare(hop.trim());
      // What is no address was not written by a proxy that knows whom it was asked by.
      if (isIP(next) === 0) break;
      address = next;
      if (!isTrusted(next)) break;
    }
    return { address, isForwarded: true };
  };
}

/** Without brackets and a port, which some proxies write. */
function bare(hop: string): string {
  return /^\[([^\]]*)\](?::\d+)?$/.exec(hop)?.[1] ?? /^([\d.]+):\d+$/.exec(hop)?.[1] ?? hop;
}
