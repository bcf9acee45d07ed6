/** How the deployed functions know their callers: `-c auth=…`, and what is said where everyone may call them. */
import { Annotations, CfnOutput, type Stack } from 'aws-cdk-lib';
import type { AuthConfig } from '../../src/base/config/auth.ts';
import { systemRuntime } from '../../src/base/runtime.ts';
import { callersOf } from '../../src/hosts/callers.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { readConfig } from '../../src/store/drivers/open.ts';
import { UNKNOWN } from './check-app.ts';
import type { Access } from './fronts.ts';
import { CALLER_SECRETS } from './secret.ts';

export type Callers = Pick<AuthConfig, 'modes' | 'saidNone'>;

/**
 * The variables of the functions, with `AUTH` as the setting says it.
 * @throws Error where the variables say it too
 */
export function withAuth(environment: Readonly<Record<string, string>>, auth: string | null): Record<string, string> {
  if (auth === null) return { ...environment };
  if (Object.hasOwn(environment, 'AUTH'))
    throw new Error('environment: AUTH is set by -c auth=…; leave one of them out');
  return { ...environment, AUTH: auth };
}

/**
 * @param secrets names of the variables that will be set, with values that are not known here
 * @throws TidegateError `invalid_config` for what the functions would refuse
 */
export async function checkCallers(
  environment: Readonly<Record<string, string>>,
  secrets: readonly string[],
): Promise<Callers> {
  const own = CALLER_SECRETS.filter((name) => secrets.includes(name)).map((name) => [name, UNKNOWN]);
  const config = readConfig({ ...environment, ...Object.fromEntries(own) }, 'memory');
  await callersOf(config, { store: createMemoryStore(), runtime: systemRuntime(() => {}) }, {});
  return config.auth;
}

/** Outputs for whoever deploys: how a client is added, and whether everyone may call. */
export function tellCallers(
  stack: Stack,
  app: string,
  url: string,
  access: Access,
  { modes, saidNone }: Callers,
): void {
  if (access !== 'open') return;
  const header = modes.includes('keys') ? " --header 'Authorization: Bearer tg_…'" : '';
  new CfnOutput(stack, 'AddToClient', { value: `claude mcp add --transport http ${app} ${url}${header}` });
  if (modes.length > 0) return;
  const open = saidNone ? 'Everyone may call both URLs, as AUTH=none says' : `Everyone may call both URLs: ${CLOSING}`;
  new CfnOutput(stack, 'Open', { value: open });
  if (!saidNone) Annotations.of(stack).addWarningV2('tidegate:open', open);
}

const CLOSING = 'deploy with -c auth=keys or -c auth=oauth, or with -c auth=none to say that this is meant';
