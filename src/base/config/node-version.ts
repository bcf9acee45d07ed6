/**
 * Judges whether a Node has what Tidegate needs of it. It is loaded before all else, so it is written in words that a much
 * older Node can parse, and imports nothing. Pure.
 */

/** What is needed, in words. An app in TypeScript needs the later ones, whose Node takes types away by itself. */
export const NODE_NEEDED =
  'Node 22.18 or later (of 23: 23.6 or later); with an app in JavaScript 22.13 is enough (of 23: 23.4)';

/** @param version such as `22.13.0`, without a `v`. From the least ones on `node:sqlite` is there without a flag. */
export function isOldNode(version: string): boolean {
  const numbers = version.split('.').map(Number);
  const major = numbers[0] || 0;
  const minor = numbers[1] || 0;
  return major < 22 || (major === 22 && minor < 13) || (major === 23 && minor < 4);
}
