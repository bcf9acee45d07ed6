/** Judges request headers before the platform does, whose errors show the value: it may be a secret. Pure. */

/** What a header should have been; null where it is one. */
export function headerExpected(name: string, value: unknown): string | null {
  if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/i.test(name)) return 'a header name';
  return typeof value === 'string' && !/[^\t\x20-\x7e\x80-\xff]/.test(value) ? null : 'a text of one line, in Latin-1';
}
