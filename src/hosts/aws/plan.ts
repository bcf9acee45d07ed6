/** What a deployment will be, worked out of the app and the settings, with every mistake refused before anything is made. */
import { TidegateError } from '../../base/errors.ts';
import { type AppNeeds, appNeeds } from '../platforms/app-needs.ts';
import { type AwsNames, awsNames } from '../platforms/aws-names.ts';
import { startMistake } from '../platforms/check-start.ts';
import { type Callers, checkCallers, withAuth } from './callers.ts';
import { checkDeployment } from './checks.ts';
import type { Entry } from './bundle.ts';
import { secretNames } from './secrets.ts';
import type { TidegateProps } from './settings.ts';
import { readSettings, type AwsSettings } from './settings-spec.ts';

export interface DeploymentPlan extends AwsSettings {
  names: AwsNames;
  needs: AppNeeds;
  callers: Callers;
  /** Variables of all functions, beside those that name what the stack makes. */
  variables: Record<string, string>;
  /** Variables that Secrets Manager has. */
  secrets: readonly string[];
  entries: readonly Entry[];
}

/** @throws TidegateError `invalid_config` */
export function planDeployment(props: TidegateProps): DeploymentPlan {
  const { app, hostFile, sources = {} } = props;
  if (!((app as { streams?: unknown } | undefined)?.streams instanceof Map)) {
    const expected = 'the app, as defineApp({ … }) answers it';
    throw new TidegateError('invalid_config', `app: expected ${expected}`, { field: 'app', expected });
  }
  const settings = readSettings(props);
  const { auth, access, environment, optionalSecrets, requestSeconds } = settings;
  const names = awsNames(app.name, settings.stage ?? null);
  checkDeployment(app, { environment, sources, requestSeconds });
  const variables = withAuth({
    access,
    environment,
    ...(auth === undefined ? {} : { auth }),
    ...(hostFile === undefined ? {} : { hostFile }),
  });
  const secrets = secretNames(app, optionalSecrets, variables, names);
  const callers = checkCallers(variables, secrets);
  const mistake = startMistake(app, secrets, variables);
  if (mistake !== null) throw mistake;
  const needs = appNeeds(app);
  const entries: Entry[] = ['lambda-http'];
  if (needs.schedule) entries.push('lambda-scheduled');
  if (needs.queue) entries.push('lambda-queue');
  if (needs.handed.length > 0) entries.push('lambda-records');
  return { ...settings, names, needs, callers, variables, secrets, entries };
}
