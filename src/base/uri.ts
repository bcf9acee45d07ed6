/**
 * What URIs are made of: the variables of templates, as resources declare them (`{name}`, and `{+name}` for what has slashes), and
 * escapes; and the one spelling by which two URIs are compared. Pure.
 */

/** The operator, then the name. */
export const URI_EXPRESSION = /\{(\+?)([A-Za-z0-9_]+)\}/g;

/** The names of a template's variables, in their order. */
export function uriVariables(template: string): string[] {
  return [...template.matchAll(URI_EXPRESSION)].map(([, , name]) => name ?? '');
}

const ESCAPE = /%[\da-f]{2}/gi;
const UNRESERVED = /[\w.~-]/;

/** One spelling for the escapes of a URI: what needs none is written as it is, all else in upper case (RFC 3986, 6.2.2). */
export function withNormalEscapes(uri: string): string {
  return uri.replace(ESCAPE, (escape) => {
    const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
    return UNRESERVED.test(character) ? character : escape.toUpperCase();
  });
}

/** What a URI cannot have as it is (RFC 3986, 2), and brackets, which it has around an address alone. */
const UNSENT = /[^\w.~:/?#@!$&'()*+,;=%-]+/g;

/** With escapes for what cannot stand in a URI as it is: letters beyond ASCII, blanks, quotes, brackets and their like. */
export function withEscapes(text: string): string {
  return text.toWellFormed().replace(UNSENT, encodeURIComponent);
}

/**
 * One spelling for each URI, to compare by and not to send. Clients pass a URI through a parser before they send it, which writes
 * letters beyond ASCII as the bytes of UTF-8, and hosts in lower case or as Punycode; a resource is found by each of these.
 */
export function normalUri(uri: string): string {
  // Parsers refuse a host with blanks, and take it with their escapes.
  const parsed = URL.parse(uri) ?? URL.parse(withEscapes(uri));
  return withNormalEscapes(withEscapes(parsed?.href ?? uri));
}
