/** What an upstream said about itself, in a form that may be shown: bounded, on one line, and without what is secret of ours. Pure. */
import { oneLine } from '../../base/plain.ts';

const MOST_CHARACTERS = 200;
/** A shorter text is no secret, and would be struck out of innocent words. */
const LEAST_SECRET = 4;

/**
 * The text in quotes behind a comma, or nothing where there is none.
 * @param secrets texts that were sent to the upstream and are never shown. Each is struck out where it stands.
 */
export function quoted(text: string, secrets: readonly string[]): string {
  let shown = text;
  const long = [...new Set(secrets)].filter((secret) => secret.length >= LEAST_SECRET);
  for (const secret of long.toSorted((a, b) => b.length - a.length)) shown = shown.replaceAll(secret, '[secret]');
  shown = shown.replaceAll(/\s+/gu, ' ').trim();
  return shown === '' ? '' : `, "${oneLine(shown.slice(0, MOST_CHARACTERS).toWellFormed())}"`;
}

/** The texts of a request that may be secret: the values of headers, and of a URL's query and user. */
export function secretTexts(url: string, headers: Record<string, string>): string[] {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  const ofUrl = parsed === null ? [] : [parsed.username, parsed.password, ...parsed.searchParams.values()];
  // Of `Bearer abc` the second word alone is the secret.
  return [...ofUrl, ...Object.values(headers).flatMap((value) => [value, ...value.split(' ')])];
}
