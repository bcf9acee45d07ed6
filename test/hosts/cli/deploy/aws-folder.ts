/** A folder of an operator's who deploys to AWS: a stand-in for CDK's command, and the packages that are needed beside it. */
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { onTestFinished } from 'vitest';
import { type AppFolder, makeAppFolder } from './app-folder.ts';

const PACKAGES = resolve(import.meta.dirname, '../../../../node_modules');

/** What the stand-in synthesizes. */
export const TEMPLATE = JSON.stringify({
  Resources: {
    Table: { Type: 'AWS::DynamoDB::GlobalTable', DeletionPolicy: 'Retain' },
    Streaming: {
      Type: 'AWS::Lambda::Function',
      Properties: {
        Environment: {
          Variables: { STORE: 'dynamodb', API_KEY: '{{resolve:secretsmanager:shop/API_KEY:SecretString:::}}' },
        },
      },
    },
  },
});

/** @param given more of the state of the stand-in */
export function awsFolder(files: Record<string, string>, given: object = {}): AppFolder {
  const folder = makeAppFolder({ 'app.ts': '', 'aws.ts': '', 'template.json': TEMPLATE, ...files }, {});
  onTestFinished(() => folder.remove());
  const packages = join(folder.path, 'node_modules');
  mkdirSync(join(packages, '@aws-sdk'));
  for (const name of ['aws-cdk-lib', 'constructs', 'esbuild', '@aws-sdk/client-secrets-manager']) {
    symlinkSync(join(PACKAGES, name), join(packages, name));
  }
  mkdirSync(join(packages, 'aws-cdk/bin'), { recursive: true });
  const manifest = { name: 'aws-cdk', version: '2.0.0-stand-in', bin: { cdk: 'bin/cdk.mjs' } };
  writeFileSync(join(packages, 'aws-cdk/package.json'), JSON.stringify(manifest));
  copyFileSync(join(import.meta.dirname, 'cdk-stand-in.mjs'), join(packages, 'aws-cdk/bin/cdk.mjs'));
  writeFileSync(
    join(packages, 'aws-cdk/bin/state.json'),
    JSON.stringify({ real: join(PACKAGES, 'aws-cdk/bin/cdk'), ...given }),
  );
  return folder;
}
