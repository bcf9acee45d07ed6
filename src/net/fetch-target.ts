/**
 * Decides whether a URL may be asked, and at which addresses. It resolves names through the runtime. It opens no
 * connection. The guarded fetch calls it before each hop.
 */
import { TidegateError } from '../base/errors.ts';
import type { Runtime } from '../base/runtime.ts';
import { isAddress, isLocalName, refusedRange } from './address.ts';

/** A URL as texts may show it: its origin alone. Secrets stand in paths as well, as in `/bot123:…/getUpdates`. */
export function publicForm(url: URL): string {
  return `${url.protocol}//${url.host}`;
}

/** What relative links of a document begin with. It is for code: its path may be secret, so that no text may show it. */
export function linkBase(url: URL): string {
  return `${publicForm(url)}${url.pathname}`;
}

/** Whether `allow` names the URL's host, or its host and port. */
export function isNamed(url: URL, allow: readonly string[]): boolean {
  const host = bare(url.hostname);
  const port = url.port || (url.protocol === 'https:' || url.protocol === 'wss:' ? '443' : '80');
  return allow.some((entry) => {
    const name = entry.toLowerCase();
    return bare(name) === host || name === `${url.hostname}:${port}`;
  });
}

function bare(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
}

/**
 * @param scheme the required scheme. Hosts that `allow` names may use its plain form (http, ws) too.
 * @throws TidegateError `invalid_input` for a text that is no URL or has a user in it; `address_refused` for its scheme, name or literal address.
 */
export function checkTarget(text: string, allow: readonly string[], scheme: 'https' | 'wss' = 'https'): URL {
  if (!URL.canParse(text)) {
    throw new TidegateError(
      'invalid_input',
      `the URL of a ${scheme === 'wss' ? 'WebSocket' : 'fetch'} cannot be read`,
      {
        field: 'url',
        expected: `an absolute ${scheme} URL`,
      },
    );
  }
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') {
    throw new TidegateError('invalid_input', `the URL on ${url.host} carries a user or a password`, {
      field: 'url',
      expected: 'a URL without credentials',
      hint: 'give them as an Authorization header',
    });
  }
  const named = isNamed(url, allow);
  const plain = scheme === 'wss' ? 'ws:' : 'http:';
  if (url.protocol !== `${scheme}:` && !(url.protocol === plain && named))
    throw refused(url, `${url.protocol} is not ${scheme}:`, scheme);
  if (named) return url;
  const range = isAddress(url.hostname) ? refusedRange(url.hostname) : null;
  if (range !== null) throw refused(url, `its address is ${range}`, scheme);
  if (isLocalName(url.hostname)) throw refused(url, 'its name is local', scheme);
  return url;
}

/**
 * Resolves the host of a checked URL, and refuses it if one of its addresses is not public.
 * @returns the addresses that were checked; null where nothing was resolved (a literal address, a host that `allow`
 * names, a platform that resolves no names for us).
 */
export async function resolveTarget(
  url: URL,
  allow: readonly string[],
  resolve: Runtime['resolve'],
): Promise<string[] | null> {
  if (resolve === null || isAddress(url.hostname) || isNamed(url, allow)) return null;
  let addresses: string[];
  try {
    addresses = await resolve(url.hostname);
  } catch (cause) {
    throw new TidegateError('upstream', `the host ${url.hostname} cannot be resolved`, { field: 'url', cause });
  }
  if (addresses.length === 0)
    throw new TidegateError('upstream', `the host ${url.hostname} has no address`, { field: 'url' });
  for (const address of addresses) {
    const range = refusedRange(address);
    if (range !== null) throw refused(url, `it resolves to an address that is ${range}`);
  }
  return addresses;
}

function refused(url: URL, reason: string, scheme = url.protocol.startsWith('ws') ? 'wss' : 'https'): TidegateError {
  return new TidegateError('address_refused', `${publicForm(url)} is refused: ${reason}`, {
    field: 'url',
    expected: `${scheme === 'wss' ? 'a wss' : 'an https'} URL of a public host, or a host that the feed allows`,
    hint: `if it is meant, name it: allow: ['${url.host}']`,
  });
}
