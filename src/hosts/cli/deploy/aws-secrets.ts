/**
 * Secrets of an app in AWS's Secrets Manager, by the client that the operator has installed: the values go from this process to AWS, and
 * into no argument, file or template.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { TidegateError } from '../../../base/errors.ts';
import { packageFolder } from './programs/user-package.ts';

export interface SecretsManager {
  /** @throws TidegateError `upstream`, and `invalid_config` for one that is to be deleted */
  isThere: (name: string) => Promise<boolean>;
  /** One that has been made since is left as it is. @throws TidegateError `upstream` */
  create: (name: string, value: string) => Promise<void>;
  close: () => void;
}

/** What is used of the client. */
interface ClientModule {
  SecretsManagerClient: new (options: { region?: string }) => {
    send: (command: object) => Promise<object>;
    destroy: () => void;
  };
  DescribeSecretCommand: new (input: { SecretId: string }) => object;
  CreateSecretCommand: new (input: { Name: string; SecretString: string; Description: string }) => object;
}

const CLIENT = '@aws-sdk/client-secrets-manager';

/** @param stackRegion null: where the credentials say. @throws TidegateError `invalid_config` where the client is not installed */
export function openSecretsManager(
  folder: string,
  environment: NodeJS.ProcessEnv,
  stackRegion: string | null,
): SecretsManager {
  if (packageFolder(folder, CLIENT) === null) {
    const expected = `npm install --save-dev ${CLIENT}`;
    throw new TidegateError('invalid_config', `${CLIENT} is not installed in ${folder}, and puts secrets`, {
      field: CLIENT,
      expected,
    });
  }
  const module = createRequire(join(folder, 'package.json'))(CLIENT) as ClientModule;
  // CloudFormation looks for them where the stack is. Else as CDK has it: the client knows the first of them alone.
  const region = stackRegion ?? environment['AWS_REGION'] ?? environment['AWS_DEFAULT_REGION'];
  const client = new module.SecretsManagerClient(region === undefined ? {} : { region });
  return {
    async isThere(name) {
      try {
        const found = (await client.send(new module.DescribeSecretCommand({ SecretId: name }))) as {
          DeletedDate?: unknown;
        };
        if (found.DeletedDate === undefined) return true;
      } catch (thrown) {
        if (nameOf(thrown) === 'ResourceNotFoundException') return false;
        throw refused(`look for ${name}`, thrown);
      }
      const expected = `aws secretsmanager restore-secret --secret-id ${name}`;
      throw new TidegateError('invalid_config', `the secret ${name} is to be deleted`, { field: name, expected });
    },
    async create(name, value) {
      try {
        const input = { Name: name, SecretString: value, Description: 'Put by tidegate deploy aws' };
        await client.send(new module.CreateSecretCommand(input));
      } catch (thrown) {
        if (nameOf(thrown) !== 'ResourceExistsException') throw refused(`put ${name}`, thrown);
      }
    },
    close: () => client.destroy(),
  };
}

function nameOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.name : '';
}

function refused(what: string, thrown: unknown): TidegateError {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new TidegateError('upstream', `Secrets Manager did not ${what}: ${nameOf(thrown)} ${message}`, {
    field: 'AWS_REGION',
    expected:
      'credentials and a region of AWS that may do it; what was done before stays, and the same command goes on from there',
    cause: thrown,
  });
}

/** The names of secrets that a template refers to, each once. */
export function secretsOfTemplate(template: string): string[] {
  const found = template.matchAll(/\{\{resolve:secretsmanager:([\w/+=.@-]+):SecretString/g);
  return [...new Set([...found].map(([, name = '']) => name))].toSorted();
}
