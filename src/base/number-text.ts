/** Reads numbers that a source writes as texts. Pure. */

/** The grammar of JSON (RFC 8259, section 6). `Number` alone also takes the empty text, `0x10` and `Infinity`. */
const DECIMAL = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** A decimal number such as `-21.5` or `1e5`, with spaces around it or without. Null for every other text. */
export function readDecimal(text: string): number | null {
  const trimmed = text.trim();
  if (!DECIMAL.test(trimmed)) return null;
  const value = Number(trimmed);
  return Number.isFinite(value) ? value : null;
}
