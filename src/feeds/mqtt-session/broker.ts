/** Which broker is meant, however its host is written. Pure. */

/**
 * One form for all ways of writing a broker's `host:port`: its case, the default ports of TCP and TLS, forms of an address
 * and a dot at the end do not count.
 */
export function brokerOf(host: string): string {
  const bare = host.replace(/:(?:1883|8883)$/, '');
  // A URL of a scheme that is not of the web keeps its host as it was written.
  const written = URL.canParse(`http://${bare}/`) ? new URL(`http://${bare}/`).host : bare.toLowerCase();
  return written.replace(/\.(?=:|$)/, '').replace(/^(?:localhost|\[::1\])(?=:|$)/, '127.0.0.1');
}
