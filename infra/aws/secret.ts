/**
 * The secret that the functions seal with. AWS makes it, and CloudFormation puts it into their environment when it deploys:
 * it stands in no template, and no request waits for it. Accepted weakness: who may read a function's configuration reads it.
 */
import type { Stack } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';

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
