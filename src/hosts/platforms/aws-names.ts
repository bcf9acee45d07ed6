/** What things of an app are called on AWS. The deployment makes them by these names, and commands look for them. Pure. */

export interface AwsNames {
  /** The stack; also the dimension of the app's metrics, and what stands before the names of its secrets. */
  stack: string;
  /** A secret in Secrets Manager, by its variable. */
  secret(variable: string): string;
}

/** A name of 1 to 20 characters: those of a stack, of its resources and of their tags have little room left. */
export const STAGE = /^[a-z](?:[a-z0-9-]{0,18}[a-z0-9])?$/;
export const STAGE_EXPECTED = 'a name of 1 to 20 of a-z, 0-9 and -, a letter first and no - last, such as prod';

/** @param stage such as `prod`; null: the app has one deployment in this account and region */
export function awsNames(appName: string, stage: string | null): AwsNames {
  const full = stage === null ? appName : `${appName}-${stage}`;
  return {
    // CloudFormation takes a letter first alone, and none of two names may become one.
    stack: /^[a-z]/.test(full) ? full : `app-${full}`,
    secret: (variable) => `${full}/${variable}`,
  };
}
