/** What URIs are made of: the variables of templates, as resources declare them (`{name}`, and `{+name}` for what has slashes), and escapes. Pure. */

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
