/**
 * Web origins and host names, as operators and headers write them. Two spellings of one host are one: `127.1`,
 * `0x7f000001` and `127.0.0.1.` are `127.0.0.1`. Pure; it looks no name up.
 */

/** What an operator may write in a list of origins. */
export const ORIGIN_EXPECTED =
  'origins such as https://ui.example or http://localhost:5173, with commas between them; * for every page';

/** Schemes in which the browser itself tells hosts apart. Of others, such as `moz-extension`, `scheme://*` means all. */
const WEB = new Set(['http:', 'https:']);
const ORIGIN = /^([a-z][a-z\d+.-]*:)\/\/([^/?#@\\\s]+)\/?$/i;

/**
 * An origin in the form in which browsers send it, `*` for all, or `scheme://*` for all of a scheme that is not the
 * web's. Null: the text is none of these.
 */
export function readOrigin(text: string): string | null {
  if (text === '*') return text;
  const [, scheme = '', host = ''] = ORIGIN.exec(text) ?? [];
  const protocol = scheme.toLowerCase();
  if (!WEB.has(protocol)) return host === '' ? null : `${protocol}//${host.toLowerCase()}`;
  return host.includes('*') || !URL.canParse(text) ? null : new URL(text).origin;
}

/** Whether a list of origins, each as `readOrigin` answers it, has this one. */
export function hasOrigin(origins: ReadonlySet<string>, origin: string): boolean {
  return origins.has('*') || origins.has(origin) || origins.has(`${origin.split('//')[0] ?? ''}//*`);
}

/** Characters that end the host of a URL, or stand before it. */
const NO_HOST = /[/?#@\\\s]/;

/** Characters of a name or address with its port. */
const MOST_CHARACTERS = 300;

/** Whether a text may be an IPv6 address without brackets: nothing else that names a host has two colons. */
export function isPlainIpv6(text: string): boolean {
  return /^[\da-f:.]+$/i.test(text) && text.indexOf(':') !== text.lastIndexOf(':');
}

/**
 * The name or address in a `Host` header, an origin's host or an address to listen on, without its port, in one
 * spelling. Null: it is none.
 */
export function readHostname(text: string): string | null {
  // Anybody may send one, and a name has 253 characters at most.
  if (text.length > MOST_CHARACTERS) return null;
  // An IPv6 address to listen on has no brackets.
  const host = isPlainIpv6(text) ? `[${text}]` : text;
  const url = NO_HOST.test(host) ? null : URL.parse(`http://${host}`);
  return url === null || url.hostname === '' ? null : url.hostname.replace(/\.$/, '');
}

/** Whether a name or an address, as `readHostname` answers it, is of the machine itself (RFC 6761, RFC 1122, RFC 4291). */
export function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    /^127\.\d+\.\d+\.\d+$/.test(hostname) ||
    hostname === '[::1]' ||
    /^\[::ffff:7f[\da-f]{2}:[\da-f]{1,4}\]$/.test(hostname)
  );
}

/** Whether an address to listen on, as `readHostname` answers it, means every address of the machine. */
export function isEveryAddress(hostname: string): boolean {
  return hostname === '0.0.0.0' || hostname === '[::]' || hostname === '[::ffff:0:0]';
}
