/** Reads `Content-Type`: the type, its charset, and in which form it holds JSON. Pure. */

/** The type without its parameters, in lower case; empty where there is none. */
export function bareType(contentType: string | null): string {
  return (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/** The charset that is named, in lower case and without quotes; null where none is. */
export function charsetOf(contentType: string | null): string | null {
  return /;\s*charset\s*=\s*(?:["']\s*)?([^\s;"']+)/i.exec(contentType ?? '')?.[1]?.toLowerCase() ?? null;
}

/** `lines`: one value a line, or a sequence of values (RFC 7464). */
type JsonForm = 'json' | 'lines';

const LINES = /[/+.-](?:nd-?json|json-?l|json-?lines|json-seq|json-stream|stream\+json)$/;
const JSON_TYPE = /[/+.-]json$/;

/** Null for a type that is not known to hold JSON. */
export function jsonFormOf(type: string): JsonForm | null {
  if (LINES.test(type)) return 'lines';
  return JSON_TYPE.test(type) ? 'json' : null;
}
