/** Tells at the start, once, which variables are set that nobody reads, where another one was probably meant. */
import type { Config } from '../base/config/config.ts';
import { TidegateError } from '../base/errors.ts';
import { type MisspeltVariable, misspeltText } from '../base/known-names.ts';
import type { Log } from '../base/runtime.ts';
import type { App } from '../declare/app.ts';
import { secretsWithin } from '../declare/secret.ts';
import { isOpen } from './callers.ts';
import type { CallerOptions } from './http-host.ts';

/** Each of them closes a server that is open without it. */
const CLOSING: ReadonlySet<string> = new Set(['AUTH', 'TIDEGATE_KEY', 'OAUTH_ISSUER']);

export function tellMisspelt(config: Pick<Config, 'misspelt'>, app: App, log: Log): void {
  for (const variable of misspeltOf(config, app)) log('warn', misspeltText(variable), { field: variable.name });
}

/**
 * The same for a server: who misspelt what closes it believes it closed.
 * @throws TidegateError `invalid_config` naming such a variable, where everyone could call and nobody said that this is meant
 */
export function checkMisspelt(config: Pick<Config, 'misspelt' | 'auth'>, app: App, own: CallerOptions, log: Log): void {
  tellMisspelt(config, app, log);
  if (config.auth.saidNone || !isOpen(config, own)) return;
  const closing = misspeltOf(config, app).find(({ meant }) => CLOSING.has(meant));
  if (closing === undefined) return;
  throw new TidegateError('invalid_config', misspeltText(closing), {
    field: closing.name,
    expected: `${closing.meant}; without it everyone may call, which AUTH=none says where it is meant`,
  });
}

function misspeltOf({ misspelt }: Pick<Config, 'misspelt'>, { options }: App): MisspeltVariable[] {
  return misspelt(secretsWithin(options).map(({ name }) => name));
}
