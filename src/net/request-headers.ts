/** Judges request headers before the platform does. The platform's errors show the value, which may be a secret. Pure. */

/** What was expected of a header; null for one that can be sent. */
export function headerExpected(name: string, value: unknown): string | null {
  if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/i.test(name)) return 'a header name';
  return typeof value === 'string' && !/[^\t\x20-\x7e\x80-\xff]/.test(value) ? null : 'a text of one line, in Latin-1';
}
