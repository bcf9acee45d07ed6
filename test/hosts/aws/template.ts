/** The template of the stack as `cdk synth` makes it, without a file left behind. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, type Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as z from 'zod';
import { createTidegateStack, type TidegateProps } from '../../../src/aws.ts';
import { type App as Declared, defineApp, stream, task } from '../../../src/index.ts';

/** An app that needs all there is but what hands records to feeds. */
export const PLANT = defineApp({
  name: 'plant',
  version: '1.0.0',
  description: 'A plant',
  streams: { rooms: stream({ description: 'Rooms', schema: z.object({ celsius: z.number() }) }) },
  tasks: { heat: task({ description: 'Heats', version: '1', run: async () => 'warm' }) },
});

/** @param work what is done with the stack, as long as its files are there */
export function withStack<Result>(
  { app = PLANT, ...settings }: Partial<TidegateProps>,
  work: (stack: Stack, cdk: App) => Result,
): Result {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-synth-'));
  try {
    const code = join(folder, 'code');
    mkdirSync(code);
    const cdk = new App({ outdir: join(folder, 'out'), analyticsReporting: false });
    // An empty folder, since the template is the same.
    return work(createTidegateStack(app, { auth: 'keys', code, ...settings }, cdk), cdk);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function synthesize(settings: Partial<TidegateProps> = {}): Template {
  return withStack(settings, (stack) => Template.fromStack(stack));
}

/** What an app and its settings are refused with; null: they are not. */
export function refusalOf(settings: Partial<TidegateProps>, app: Declared = PLANT): unknown {
  try {
    withStack({ app, ...settings }, () => null);
    return null;
  } catch (thrown) {
    return thrown;
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
