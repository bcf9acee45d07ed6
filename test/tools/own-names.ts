/** The names that the tools which come with the package have by themselves, for tests of apps that show none of them. */
import { BUILT_INS, type BuiltInName } from '../../src/declare/built-ins.ts';

/** They are verbs as well: they name a tool where arguments follow, or as data. */
const VERBS: readonly BuiltInName[] = ['publish', 'request', 'subscribe', 'unsubscribe'];

export function ownNames(names: readonly BuiltInName[]): RegExp {
  const plain = names.filter((name) => !VERBS.includes(name));
  const verbs = names.filter((name) => VERBS.includes(name)).map((name) => `\\b${name} \\{|"(?:tool|name)":"${name}"`);
  return new RegExp([...plain.map((name) => `\\b${name}\\b`), ...verbs].join('|'));
}

export const OWN_NAMES = ownNames(BUILT_INS);
