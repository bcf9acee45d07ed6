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
 * The names of the variables that the app declares as secrets and that are deployed.
 * @param chosen those of the optional ones that are deployed too
 * @throws Error naming one that is not declared, and one that `environment` would put into the template
 */
export function secretNames(
  { options }: Pick<App, 'options'>,
  chosen: readonly string[],
  environment: Readonly<Record<string, string>>,
): string[] {
  const declared = secretsWithin(options);
  const names = declared.map(({ name }) => name);
  const unknown = chosen.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`optionalSecrets: the app declares no secret ${unknown}`);
  const open = names.find((name) => Object.hasOwn(environment, name));
  if (open !== undefined) {
    throw new Error(`environment: ${open} is a secret of the app, and would stand in the template; ${PUT(open)}`);
  }
  return [
    ...new Set(declared.filter(({ name, optional }) => !optional || chosen.includes(name)).map(({ name }) => name)),
  ];
}

const PUT = (name: string) =>
  `put it into Secrets Manager: aws secretsmanager create-secret --name <app>/${name} --secret-string <value>`;

/** References to the app's secrets in Secrets Manager, under `<app>/<name>`. They have to be there before it is deployed. */
export function appSecrets(app: string, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, SecretValue.secretsManager(`${app}/${name}`).unsafeUnwrap()]));
}
