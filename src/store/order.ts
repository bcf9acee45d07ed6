/** The order of ids: every engine keeps them in the order of their UTF-8 bytes. */

/**
 * Compares two well-formed strings. It is the order of UTF-16, except that surrogates come last: they stand for the
 * highest code points.
 */
export function compareUtf8(a: string, b: string): number {
  for (let i = 0; i < a.length && i < b.length; i += 1) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    return isSurrogate(x) === isSurrogate(y) ? x - y : isSurrogate(x) ? 1 : -1;
  }
  return a.length - b.length;
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}
