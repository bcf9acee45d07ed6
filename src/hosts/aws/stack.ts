/** A whole stack for one app, for those who know no CDK: `createTidegateStack(app, { appFile: 'app.ts', auth: 'keys' })`. */
import { App as CdkApp, CfnOutput, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { TidegateError } from '../../base/errors.ts';
import type { App } from '../../declare/app.ts';
import { tellCallers } from './callers.ts';
import { Tidegate } from './construct.ts';
import { dashboardUrl } from './dashboard.ts';
import { planDeployment } from './plan.ts';
import type { TidegateProps } from './settings.ts';
import { settingsOfContext } from './settings-spec.ts';

/**
 * A stack named after the app and its stage, with outputs for whoever deploys. CDK runs the file that calls it:
 * `cdk --app 'node aws.ts' deploy`. What the command line says (`-c stage=prod`) goes before what the file says.
 * @param scope CDK's app. Default: one of its own, whose mistakes end the program with a message and status 1.
 * @throws TidegateError `invalid_config` where `scope` is given
 */
export function createTidegateStack(app: App, props: Omit<TidegateProps, 'app'>, scope?: Construct): Stack {
  if (scope !== undefined) return makeStack(app, props, scope);
  try {
    return makeStack(app, props, new CdkApp({ analyticsReporting: false }));
  } catch (thrown) {
    if (!(thrown instanceof TidegateError)) throw thrown;
    const hint = thrown.hint === null ? '' : `\n${thrown.hint}`;
    process.stderr.write(`tidegate: ${thrown.message}${hint}\n`);
    return process.exit(1);
  }
}

function makeStack(app: App, props: Omit<TidegateProps, 'app'>, scope: Construct): Stack {
  const asked = settingsOfContext((name) => scope.node.tryGetContext(name) as unknown);
  const given: TidegateProps = { ...props, ...asked, app };
  // Judged before a stack is there, whose name is made of what is judged.
  const { names, access, auth, data, callers } = planDeployment(given);
  const stack = new Stack(scope, names.stack, { description: app.description });
  // What is called so has no part in the names of what is in it.
  const made = new Tidegate(stack, 'Default', given);
  const { url, apiUrl, table, dashboard, queue, deadLetters } = made;
  const output = (id: string, value: string, description: string) => new CfnOutput(stack, id, { value, description });
  output('Url', url, 'MCP endpoint, streamed');
  output('ApiUrl', apiUrl, 'MCP endpoint, answered at once, with a limit on rates');
  tellCallers(stack, { app: names.stack, url, access, own: auth === 'own' }, callers);
  const stays = data === 'keep' ? 'it stays when the stack is destroyed' : 'it goes with the stack';
  output('TableName', table.tableName, `The data: ${stays}`);
  if (dashboard !== null) output('Dashboard', dashboardUrl(stack, dashboard), 'What it does, and about what it costs');
  if (queue !== null) output('QueueUrl', queue.queueUrl, 'Wakes tasks, triggers and deliveries');
  for (const letters of deadLetters) output(letters.node.id, letters.queueUrl, 'What failed for good');
  return stack;
}
