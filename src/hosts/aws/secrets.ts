/**
 * Secrets of the functions: the one that they seal with, which AWS makes, and those that the app declares, which the operator
 * puts into Secrets Manager. CloudFormation puts both into the environment when it deploys: they stand in no template, and
 * no request waits for them. Accepted weakness: who may read a function's configuration reads them.
 */
import { SecretValue } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { TidegateError } from '../../base/errors.ts';
import { knownName } from '../../base/known-names.ts';
import type { App } from '../../declare/app.ts';
import type { AwsNames } from '../platforms/aws-names.ts';
import { appNeeds } from '../platforms/app-needs.ts';
import { OPTIONAL_SECRETS } from '../platforms/own-secrets.ts';

/** Characters, each one of 62. */
const LENGTH = 64;

/** @param generation counts from 1; the next one makes a new secret, and what the last one sealed still opens. */
export function addSecrets(scope: Construct, generation: number): Record<string, string> {
  const made = (number: number) =>
    new Secret(scope, `Secret${number}`, {
      description: 'What the functions seal with',
      generateSecretString: { passwordLength: LENGTH, excludePunctuation: true },
    }).secretValue.unsafeUnwrap();
  const previous: Record<string, string> = generation > 1 ? { TIDEGATE_SECRET_PREVIOUS: made(generation - 1) } : {};
  return { ...previous, TIDEGATE_SECRET: made(generation) };
}

/**
 * The names of the variables that the app declares as secrets and that are deployed, and of ours by which callers are known.
 * @param chosen those of the optional ones that are deployed too
 * @throws TidegateError `invalid_config` naming one that is not declared, and one that `environment` would put into the template:
 * of the app, of ours, or a URL with a password
 */
export function secretNames(
  app: App,
  chosen: readonly string[],
  environment: Readonly<Record<string, string>>,
  names: AwsNames,
): string[] {
  // Of ways to know callers and operators: those that are used are named.
  const declared = [...appNeeds(app).secrets, ...OPTIONAL_SECRETS.map((name) => ({ name, optional: true }))];
  const known = [...new Set(declared.map(({ name }) => name))];
  const unknown = chosen.find((name) => !known.includes(name));
  if (unknown !== undefined) throw refused(`optionalSecrets.${unknown}`, knownName(unknown, known, "app's secrets"));
  const open = known.find((name) => Object.hasOwn(environment, name));
  if (open !== undefined) {
    const hint = `put it into Secrets Manager: aws secretsmanager create-secret --name ${names.secret(open)} --secret-string <value>`;
    throw refused(`environment.${open}`, 'no secret, because it would stand in the template', hint);
  }
  const shown = Object.keys(environment).find((name) => OWN.has(name) || hasPassword(environment[name] ?? ''));
  if (shown !== undefined)
    throw refused(`environment.${shown}`, 'no secret, because it would stand in the template', LEAVE);
  const deployed = declared.filter(({ name, optional }) => !optional || chosen.includes(name));
  return [...new Set(deployed.map(({ name }) => name))];
}

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

function refused(field: string, expected: string, hint?: string): TidegateError {
  const details = { field, expected, ...(hint === undefined ? {} : { hint }) };
  return new TidegateError('invalid_config', `${field}: expected ${expected}`, details);
}

/** References to the app's secrets in Secrets Manager. They have to be there before it is deployed. */
export function appSecrets(names: AwsNames, variables: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    variables.map((name) => [name, SecretValue.secretsManager(names.secret(name)).unsafeUnwrap()]),
  );
}
