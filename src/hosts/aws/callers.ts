/** How the deployed functions know their callers, and what is said where everyone may call them. */
import { CfnOutput } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { createOauthIdentifier } from '../../auth/oauth/oauth-identifier.ts';
import { resourcesAt } from '../../auth/oauth/audience.ts';
import type { AuthConfig } from '../../base/config/auth.ts';
import { TidegateError } from '../../base/errors.ts';
import { systemRuntime } from '../../base/runtime.ts';
import { readConfig } from '../../store/drivers/open.ts';
import { UNKNOWN_VALUE } from '../platforms/check-start.ts';
import { OPTIONAL_SECRETS } from '../platforms/own-secrets.ts';
import type { Access, TidegateProps } from './settings.ts';

export type Callers = Pick<AuthConfig, 'modes' | 'saidNone'>;

/**
 * The variables of the functions, with `AUTH` as the setting says it.
 * @throws TidegateError `invalid_config` where the variables say it too, and where nobody says who may call
 */
export function withAuth(props: Pick<TidegateProps, 'auth' | 'access' | 'environment' | 'hostFile'>) {
  const { auth, access = 'open', environment = {}, hostFile } = props;
  const saysItself = Object.hasOwn(environment, 'AUTH');
  if (auth === undefined) {
    if (access === 'iam' || saysItself) return { ...environment };
    throw refused('auth', "'keys' or 'oauth', or 'none' to say that everyone may call", CLOSING);
  }
  if (saysItself) throw refused('environment.AUTH', 'not to be set beside auth, which sets it');
  if (auth !== 'own') return { ...environment, AUTH: auth };
  if (hostFile !== undefined) return { ...environment };
  throw refused('hostFile', "the module of the host that brings an authenticate, because auth is 'own'");
}

const CLOSING =
  'both URLs are reached by everyone: with keys, npx tidegate keys create makes one; with oauth, environment has OAUTH_ISSUER and PUBLIC_URL';

function refused(field: string, expected: string, hint?: string): TidegateError {
  const details = { field, expected, ...(hint === undefined ? {} : { hint }) };
  return new TidegateError('invalid_config', `${field}: expected ${expected}`, details);
}

/**
 * @param secrets names of the variables that will be set, with values that are not known here
 * @throws TidegateError `invalid_config` for what the functions would refuse
 */
export function checkCallers(environment: Readonly<Record<string, string>>, secrets: readonly string[]): Callers {
  const own = OPTIONAL_SECRETS.filter((name) => secrets.includes(name)).map((name) => [name, UNKNOWN_VALUE]);
  const config = readConfig({ ...environment, ...Object.fromEntries(own) }, 'memory');
  const { auth, publicUrl } = config;
  if (auth.oauth !== null) {
    const runtime = systemRuntime(() => {});
    const resources = publicUrl === null ? [] : resourcesAt(publicUrl);
    createOauthIdentifier(auth.oauth, { runtime, fetch: runtime.fetch, resources });
  }
  return auth;
}

/** Outputs for whoever deploys: how a client is added, and whether everyone may call. */
export function tellCallers(
  scope: Construct,
  { app, url, access, own }: { app: string; url: string; access: Access; own: boolean },
  { modes }: Callers,
): void {
  if (access !== 'open') return;
  const header = modes.includes('keys') ? " --header 'Authorization: Bearer tg_…'" : '';
  new CfnOutput(scope, 'AddToClient', { value: `claude mcp add --transport http ${app} ${url}${header}` });
  if (modes.length > 0 || own) return;
  new CfnOutput(scope, 'Open', { value: 'Everyone may call both URLs, as AUTH=none says' });
}
