/** The template of the stack as `npm run synth` makes it, without a file left behind. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { createStack, type TidegateProps } from '../../infra/aws/stack.ts';

const SETTINGS = {
  app: 'tidegate',
  access: 'open',
  auth: { modes: [], saidNone: false },
  keepData: true,
  feedLagMinutes: 60,
  topicArn: null,
  environment: {},
  secretGeneration: 1,
  secrets: [],
  secretsRevision: 1,
  concurrency: null,
  encryption: 'owned',
  maxReadUnits: null,
  maxWriteUnits: null,
} as const;

/** @param code folder of the bundle; default: an empty one, since the template is the same. */
export function synthesize(settings: Partial<TidegateProps> = {}): Template {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-synth-'));
  try {
    const code = join(folder, 'code');
    mkdirSync(code);
    const app = new App({ outdir: join(folder, 'out'), analyticsReporting: false });
    return Template.fromStack(createStack(app, 'tidegate', { ...SETTINGS, code, ...settings }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The variables of a function with that handler; a reference is its text as JSON unless `resolved` has it. */
export function environmentOf(
  template: Template,
  handler: string,
  resolved: (reference: unknown) => string,
): Record<string, string> {
  const functions = template.findResources('AWS::Lambda::Function', { Properties: { Handler: handler } });
  const [found] = Object.values(functions) as { Properties: { Environment: { Variables: Record<string, unknown> } } }[];
  const variables = Object.entries(found?.Properties.Environment.Variables ?? {});
  return Object.fromEntries(
    variables.map(([name, value]) => [name, typeof value === 'string' ? value : resolved(value)]),
  );
}
