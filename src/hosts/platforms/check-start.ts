/** Finds before a deployment what a host would refuse at its start, while secrets have no value yet. */
import { TidegateError } from '../../base/errors.ts';
import { systemRuntime } from '../../base/runtime.ts';
import type { App } from '../../declare/app.ts';
import { createMemoryStore } from '../../store/drivers/memory.ts';
import { createHost } from '../host.ts';

/** In place of a secret whose value is not known. It is long enough for a token, and for a key. */
export const UNKNOWN_VALUE = 'the-value-is-not-known-here-at-all';

/**
 * @param secrets names of variables that will be set, with values that are not known here
 * @returns a mistake that does not depend on the value of a secret; null where there is none
 * @throws what is no mistake of the operator's
 */
export function startMistake(
  app: App,
  secrets: readonly string[],
  environment: Readonly<Record<string, unknown>>,
): TidegateError | null {
  const textOf = (name: string) => (typeof environment[name] === 'string' ? environment[name] : null);
  const variable = (name: string) => (secrets.includes(name) ? UNKNOWN_VALUE : textOf(name));
  try {
    createHost({ app, store: createMemoryStore(), runtime: { ...systemRuntime(() => {}), variable } });
    return null;
  } catch (thrown) {
    if (!(thrown instanceof TidegateError)) throw thrown;
    // What the app makes of a secret may ask for more than any text, such as a URL.
    return thrown.field !== null && secrets.includes(thrown.field) ? null : thrown;
  }
}
