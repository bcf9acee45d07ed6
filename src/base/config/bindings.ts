/**
 * What a platform hands over as the environment: texts, and on some platforms other things beside them. A variable that is there
 * and is not read would leave open what its owner believes closed, so it is a mistake.
 */
import { NEVER_EMPTY } from './auth.ts';

export const TEXT_HINT = 'write it as a text in quotes, or put it as a secret of the Worker itself';

/** The texts that count. An empty one is as good as none, but for those that say who may call. */
export function textsIn(environment: Record<string, unknown>): Record<string, string> {
  const texts = Object.entries(environment).filter(
    (entry): entry is [string, string] =>
      typeof entry[1] === 'string' && (entry[1] !== '' || NEVER_EMPTY.has(entry[0])),
  );
  return Object.fromEntries(texts);
}

/** The mistakes of variables that are bound, and not as a text: a value of JSON, a store of secrets. */
export function problemsOfBindings(
  environment: Record<string, unknown>,
  known: ReadonlySet<string>,
): { field: string; expected: string }[] {
  return Object.entries(environment)
    .filter(([name, value]) => known.has(name) && value !== undefined && typeof value !== 'string')
    .map(([field]) => ({ field, expected: 'expected a text' }));
}
