/** All files of a new app, by their path in its folder. Pure. */
import { appFile, type NewApp } from './app-file.ts';
import { AWS_FILE, awsEntry } from '../../../platforms/aws-entry.ts';
import { workerNameOf } from '../../../platforms/cloudflare-names.ts';
import { workerEntry, wranglerToml } from '../../../platforms/cloudflare-settings.ts';
import { dockerFile, dockerIgnoreFile } from './hosting.ts';
import { readmeFile } from './readme-file.ts';
import { envFile, IGNORED, packageFile, tsconfigFile } from './settings.ts';
import { testFile } from './test-file.ts';

interface FileOptions {
  /** Of this package, as it stands in `dependencies`. */
  range: string;
  /** The package manager's command. */
  run: string;
  /** Makes what is secret. */
  newToken: () => string;
}

export function appFilesOf(app: NewApp, { range, run, newToken }: FileOptions): ReadonlyMap<string, string> {
  // Other variables have a value that works without them.
  const tokens = (name: string) => (name === 'PUSH_TOKEN' ? newToken() : null);
  const worker = { worker: workerNameOf(app.appName), auth: 'keys', store: 'redis', environment: null };
  return new Map([
    ['package.json', packageFile(app, range)],
    ['tsconfig.json', tsconfigFile()],
    ['app.ts', appFile(app)],
    ['app.test.ts', testFile(app)],
    ['.env', envFile(app, tokens, false)],
    ['.env.example', envFile(app, tokens, true)],
    ['.gitignore', `${IGNORED.join('\n')}\n`],
    ['worker.ts', workerEntry('./app.ts')],
    ['wrangler.toml', wranglerToml({ schedule: true, queue: true }, worker)],
    [AWS_FILE, awsEntry('./app.ts', 'keys')],
    ['Dockerfile', dockerFile()],
    ['.dockerignore', dockerIgnoreFile()],
    ['README.md', readmeFile(app, run)],
  ]);
}
