/**
 * One spelling for each URI. Clients pass a URI through a parser before they send it, which writes letters beyond ASCII
 * as the bytes of UTF-8, and hosts in lower case or as Punycode; a resource is found by each of these. Pure.
 */

const ESCAPE = /%[\da-f]{2}/gi;
const UNRESERVED = /[\w.~-]/;

export function normalUri(uri: string): string {
  return (URL.parse(uri)?.href ?? uri).replace(ESCAPE, (escape) => {
    const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
    return UNRESERVED.test(character) ? character : escape.toUpperCase();
  });
}
