/** Tells at the start, once, which variables are set that nobody reads, where another one was probably meant. */
import type { Config } from '../base/config/config.ts';
import { misspeltText } from '../base/known-names.ts';
import type { Log } from '../base/runtime.ts';
import type { App } from '../declare/app.ts';
import { secretsWithin } from '../declare/secret.ts';

export function tellMisspelt({ misspelt }: Pick<Config, 'misspelt'>, { options }: App, log: Log): void {
  const own = secretsWithin(options).map(({ name }) => name);
  for (const variable of misspelt(own)) log('warn', misspeltText(variable), { field: variable.name });
}
