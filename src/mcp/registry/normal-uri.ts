/**
 * One spelling for each URI. Clients pass a URI through a parser before they send it, which writes letters beyond ASCII
 * as the bytes of UTF-8, and hosts in lower case or as Punycode; a resource is found by each of these. Pure.
 */
import { withNormalEscapes } from '../../base/uri.ts';

export function normalUri(uri: string): string {
  return withNormalEscapes(URL.parse(uri)?.href ?? uri);
}
