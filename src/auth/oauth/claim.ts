/** Reads a claim by its name. Pure. */

const MOST_CHARACTERS = 255;

/**
 * The claim of exactly this name, such as `https://acme.example/tenant`; else what stands at this path of names with dots
 * between them, such as `realm_access.tenant`. Undefined: there is none.
 */
export function claimAt(claims: Readonly<Record<string, unknown>>, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  let at: unknown = claims;
  for (const step of name.split('.')) {
    if (typeof at !== 'object' || at === null || Array.isArray(at) || !Object.hasOwn(at, step)) return undefined;
    at = (at as Record<string, unknown>)[step];
  }
  return at;
}

/** A text, a whole number as text, or the only one of these in a list. Null: it is none, or it could be several. */
export function soleText(value: unknown): string | null {
  if (Array.isArray(value)) return value.length === 1 && !Array.isArray(value[0]) ? soleText(value[0]) : null;
  if (typeof value === 'string') return value;
  return Number.isSafeInteger(value) ? String(value) : null;
}

/** Whether a text can be the name of a tenant or a user: 1 to 255 characters, none of them for control. */
export function isName(text: string | null): text is string {
  return text !== null && text.length > 0 && text.length <= MOST_CHARACTERS && !/\p{Cc}|\p{Cs}/u.test(text);
}
