/** The settings of a new app: package.json, tsconfig.json, and the files that tools look for. Pure. */
import { type NewApp, feedPartsOf, subjectsOf } from './app-file.ts';

/** What an app is made with, beside Tidegate itself: ranges that its tests were run with. */
export const APP_PACKAGES = {
  zod: '^4.6.7',
  '@types/node': '^24.0.0',
  typescript: '^7.0.2',
  vitest: '^5.1.0',
} as const;

const NODE_RANGE = '^22.18.0 || >=23.6.0';

/** @param range of this package */
export function packageFile(app: NewApp, range: string): string {
  const { zod, ...development } = APP_PACKAGES;
  return json({
    name: app.name,
    version: '1.0.0',
    private: true,
    description: subjectsOf(app),
    type: 'module',
    scripts: {
      start: 'tidegate start',
      dev: 'tidegate dev',
      test: 'vitest run',
      check: 'tsc',
      doctor: 'tidegate doctor',
      'deploy:cloudflare': 'tidegate deploy cloudflare',
      'deploy:aws': 'tidegate deploy aws',
    },
    dependencies: { tidegate: range, zod },
    devDependencies: development,
    engines: { node: NODE_RANGE },
  });
}

export function tsconfigFile(): string {
  return json({
    compilerOptions: {
      target: 'es2023',
      lib: ['es2024', 'esnext.disposable'],
      module: 'nodenext',
      types: ['node'],
      strict: true,
      erasableSyntaxOnly: true,
      verbatimModuleSyntax: true,
      allowImportingTsExtensions: true,
      skipLibCheck: true,
      noEmit: true,
    },
  });
}

/** The lines that keep secrets, data and what is built out of git. */
export const IGNORED = [
  'node_modules/',
  '.env',
  '.env.*',
  '!.env.example',
  '.tidegate/',
  '.wrangler/',
  'cdk.out/',
  'dist/',
  '*.log',
  // What people make of the store: backups and exports.
  '*.gz',
  '*.ndjson',
];

/** @param isExample whether it is the file to copy, with values that say what is meant; false: the one that is read, with values that work */
export function envFile(app: NewApp, tokens: (name: string) => string | null, isExample: boolean): string {
  const variables = feedPartsOf(app).flatMap((part) => part.variables);
  const lines = variables.flatMap(({ name, comment, value, isGiven }) => {
    const given = isExample || isGiven ? value : tokens(name);
    return [`# ${comment}`, given === null ? `# ${name}=${value}` : `${name}=${given}`];
  });
  const head = isExample
    ? ['# Copy this file to .env, which every tidegate command reads. What the environment says wins over it.']
    : [
        '# Read by every tidegate command; a deployment by name reads .env.NAME. The environment wins over it. Not for git.',
      ];
  return [...head, ...lines, '# PORT=8787', ''].join('\n');
}

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
