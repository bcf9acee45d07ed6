/**
 * The text of a header's bytes. Platforms hand headers on as latin-1, one character for each byte, and servers that write more than ASCII
 * into a URL write UTF-8. Pure.
 */

/** The text as UTF-8 where its bytes are; else as it is. */
export function utf8Header(value: string): string {
  // oxlint-disable-next-line no-control-regex -- all that is ASCII is the same in both
  if (/^[\0-\x7f]*$/.test(value) || /[^\0-\xff]/.test(value)) return value;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(value, (byte) => byte.charCodeAt(0)));
  } catch {
    return value;
  }
}
