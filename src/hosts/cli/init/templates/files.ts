/** All files of a new app, by their path in its folder. Pure. */
import { appFile, type NewApp } from './app-file.ts';
import { workerNameOf } from '../../../platforms/cloudflare-names.ts';
import { workerEntry, wranglerToml } from '../../../platforms/cloudflare-settings.ts';
import { awsFile, dockerFile, dockerIgnoreFile } from './hosting.ts';
import { readmeFile } from './readme-file.ts';
import { envFile, IGNORED, packageFile, tsconfigFile } from './settings.ts';
import { testFile } from './test-file.ts';

export interface FileOptions {
  /** The version of this package. */
  version: string;
  /** The package manager's command. */
  run: string;
  /** Makes what is secret. */
  newToken: () => string;
}

export function appFilesOf(app: NewApp, { version, run, newToken }: FileOptions): ReadonlyMap<string, string> {
  // Other variables have a value that works without them.
  const tokens = (name: string) => (name === 'PUSH_TOKEN' ? newToken() : null);
  const worker = { worker: workerNameOf(app.appName), auth: 'keys', store: 'redis', environment: null };
  return new Map([
    ['package.json', packageFile(app, version)],
    ['tsconfig.json', tsconfigFile()],
    ['app.ts', appFile(app)],
    ['app.test.ts', testFile(app)],
    ['.env', envFile(app, tokens, false)],
    ['.env.example', envFile(app, tokens, true)],
    ['.gitignore', `${IGNORED.join('\n')}\n`],
    ['worker.ts', workerEntry('./app.ts')],
    ['wrangler.toml', wranglerToml({ schedule: true, queue: true }, worker)],
    ['aws.ts', awsFile()],
    ['Dockerfile', dockerFile()],
    ['.dockerignore', dockerIgnoreFile()],
    ['README.md', readmeFile(app, run)],
  ]);
}
