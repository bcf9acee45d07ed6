/**
 * Secrets of the functions: the one that they seal with, which AWS makes, and those that the app declares, which the operator
 * puts into Secrets Manager. CloudFormation puts both into the environment when it deploys: they stand in no template, and
 * no request waits for them. Accepted weakness: who may read a function's configuration reads them.
 */
import { SecretValue, type Stack } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { App } from '../../src/declare/app.ts';
import { secretsWithin } from '../../src/declare/secret.ts';

/** Characters, each one of 62. */
const LENGTH = 64;

/** @param generation counts from 1; the next one makes a new secret, and what the last one sealed still opens. */
export function addSecrets(stack: Stack, generation: number): Record<string, string> {
  const made = (number: number) =>
    new Secret(stack, `Secret${number}`, {
      description: 'What the functions seal with',
      generateSecretString: { passwordLength: LENGTH, excludePunctuation: true },
    }).secretValue.unsafeUnwrap();
  const previous: Record<string, string> = generation > 1 ? { TIDEGATE_SECRET_PREVIOUS: made(generation - 1) } : {};
  return { ...previous, TIDEGATE_SECRET: made(generation) };
}

/**
 * The names of the variables that the app declares as secrets and that are deployed, and of ours by which callers are known.
 * @param chosen those of the optional ones that are deployed too
 * @throws Error naming one that is not declared, and one that `environment` would put into the template: of the app, of ours, or
 * a URL with a password
 */
export function secretNames(
  { options }: Pick<App, 'options'>,
  chosen: readonly string[],
  environment: Readonly<Record<string, string>>,
): string[] {
  const declared = [
    ...secretsWithin(options),
    // Of ways to know callers: those that are used are named.
    ...CALLER_SECRETS.map((name) => ({ name, optional: true })),
  ];
  const names = declared.map(({ name }) => name);
  const unknown = chosen.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`optionalSecrets: the app declares no secret ${unknown}`);
  const open = names.find((name) => Object.hasOwn(environment, name));
  if (open !== undefined) {
    throw new Error(`environment: ${open} is a secret, and would stand in the template; ${PUT(open)}`);
  }
  const shown = Object.keys(environment).find((name) => OWN.has(name) || hasPassword(environment[name] ?? ''));
  if (shown !== undefined) throw new Error(`environment: ${shown} would stand in the template; ${LEAVE}`);
  return [
    ...new Set(declared.filter(({ name, optional }) => !optional || chosen.includes(name)).map(({ name }) => name)),
  ];
}

/** Variables of ours that are put into Secrets Manager as those of the app are, where callers are known by them. */
export const CALLER_SECRETS = ['TIDEGATE_KEY', 'OAUTH_CLIENT_SECRET'] as const;

/** Variables of ours that are secrets. None is needed here. */
const OWN: ReadonlySet<string> = new Set([
  'TIDEGATE_SECRET',
  'TIDEGATE_SECRET_PREVIOUS',
  'UPSTASH_REDIS_REST_TOKEN',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
]);
const LEAVE =
  'leave it out: the functions have a secret that AWS makes and a role for the table, and what else is secret is declared by the app';

function hasPassword(value: string): boolean {
  const url = URL.parse(value);
  return url !== null && url.password !== '';
}

const PUT = (name: string) =>
  `put it into Secrets Manager: aws secretsmanager create-secret --name <app>/${name} --secret-string <value>`;

/** References to the app's secrets in Secrets Manager, under `<app>/<name>`. They have to be there before it is deployed. */
export function appSecrets(app: string, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, SecretValue.secretsManager(`${app}/${name}`).unsafeUnwrap()]));
}
