/** The text of the module that makes an app's stack, for a folder that has none. Pure. */

/** How it is called. */
export const AWS_FILE = 'aws.ts';

/** @param appFile as the module imports it, such as `./app.ts`. @param auth a word of `AUTH` */
export function awsEntry(appFile: string, auth: string): string {
  return `/** What npx tidegate deploy aws deploys: the app, in a stack of its own. */
import { createTidegateStack } from 'tidegate/aws';
import app from '${appFile}';

// Who may call: keys of npx tidegate keys create. Also oauth with OAUTH_ISSUER and PUBLIC_URL in environment, or none for everyone.
createTidegateStack(app, { appFile: new URL('${appFile}', import.meta.url), auth: '${auth}' });
`;
}
