/** `tidegate destroy aws`: says what of the stack goes and what stays, and deletes it with the operator's CDK. */
import { stackFile } from './aws-probe.ts';
import { openCdk, saidByCdk } from './cdk.ts';
import { commandFailed } from './cloudflare-account.ts';
import { agreedByName, showPlan } from './consent.ts';
import { secretsOfTemplate } from './aws-secrets.ts';
import { onlyStack } from './aws-stack.ts';
import type { DeployOptions } from './deploy-options.ts';
import type { DeployPlan } from './plan.ts';

/** Answers the exit status. @throws TidegateError for what stands in the way, and for a step that failed */
export async function destroyAws(options: DeployOptions): Promise<number> {
  const { folder, environment, dryRun, json, yes, print, tell } = options;
  const cdk = openCdk(options, stackFile(folder));
  const { name: stack, template } = onlyStack(await cdk.synthesize(), environment);
  const { Resources = {} } = JSON.parse(template) as {
    Resources?: Record<string, { Type: string; DeletionPolicy?: string }>;
  };
  const kept = Object.values(Resources).filter(({ DeletionPolicy }) => DeletionPolicy === 'Retain');
  const secrets = secretsOfTemplate(template);
  const plan: DeployPlan = {
    platform: 'aws',
    does: 'destroy',
    name: stack,
    environment,
    account: null,
    isDry: dryRun,
    findings: [],
    steps: [
      {
        what: `stack ${stack} (${Object.keys(Resources).length - kept.length} resources)`,
        state: dryRun ? 'unknown' : 'to do',
        command: `cdk destroy ${stack}`,
      },
    ],
    stays: [
      ...kept.map(
        ({ Type }) => `${Type.replace('AWS::', '').replace('::', ' ')}, with what is in it, if it was last deployed so`,
      ),
      ...(secrets.length === 0 ? [] : [`the secrets ${secrets.join(', ')}`]),
    ],
    bundle: null,
  };
  showPlan(options, plan, null, () => []);
  if (dryRun || (json && !yes)) return 0;
  await agreedByName(options, stack);
  const end = await cdk.run(['destroy', stack, '--force'], tell);
  if (end.status !== 0) throw commandFailed('cdk destroy', saidByCdk(end));
  const isDeleted = DELETION.test(`${end.stdout}\n${end.stderr}`);
  if (json) print(JSON.stringify({ done: true, name: stack, found: isDeleted }));
  else print(isDeleted ? `${stack} is deleted.` : `There is nothing left to delete: ${NO_STACK} ${stack}.`);
  return 0;
}

/** CDK ends well where no such stack is, and says that it is destroyed. Of one that is deleted it tells the steps, with their states. */
const DELETION = /\bDELETE_(?:IN_PROGRESS|COMPLETE|SKIPPED)\b/;
const NO_STACK = 'in this account and region CloudFormation has no stack';
