/** Refuses before a deployment what the functions would refuse at their start. */
import type { App } from '../../src/declare/app.ts';
import { TidegateError } from '../../src/base/errors.ts';
import { systemRuntime } from '../../src/base/runtime.ts';
import { createHost } from '../../src/hosts/host.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';

/** In place of a secret, whose value is not known here. It is long enough for a token. */
export const UNKNOWN = 'the-value-is-not-known-here-at-all';

/**
 * @param secrets names of the variables that will be set, with values that are not known here
 * @throws TidegateError `invalid_config` for a mistake that does not depend on the value of a secret
 */
export function checkApp(app: App, secrets: readonly string[], environment: Readonly<Record<string, string>>): void {
  const variable = (name: string) => (secrets.includes(name) ? UNKNOWN : (environment[name] ?? null));
  try {
    createHost({ app, store: createMemoryStore(), runtime: { ...systemRuntime(() => {}), variable } });
  } catch (thrown) {
    // What the app makes of a secret may ask for more than any text, such as a URL.
    if (!(thrown instanceof TidegateError) || thrown.field === null || !secrets.includes(thrown.field)) throw thrown;
  }
}
