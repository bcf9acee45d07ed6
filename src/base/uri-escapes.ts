/** One spelling for the escapes of a URI: what needs none is written as it is, all else in upper case (RFC 3986, 6.2.2). Pure. */

const ESCAPE = /%[\da-f]{2}/gi;
const UNRESERVED = /[\w.~-]/;

export function withNormalEscapes(uri: string): string {
  return uri.replace(ESCAPE, (escape) => {
    const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
    return UNRESERVED.test(character) ? character : escape.toUpperCase();
  });
}
