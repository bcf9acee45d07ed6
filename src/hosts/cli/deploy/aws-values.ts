/** What the functions of a stack would refuse at their start: of the variables in its template, and of the values that are put. Pure. */
import { memory } from '../../../store/drivers/memory-driver.ts';
import type { App } from '../../../declare/app.ts';
import { appNeeds } from '../../platforms/app-needs.ts';
import type { PlatformFinding } from '../../platforms/finding.ts';
import { functionVariables } from './aws-stack.ts';
import { judgeVariables } from '../../platforms/variable-mistakes.ts';

/** @param secrets by their variables; null: the value is not known here */
export function judgeStack(app: App, template: string, secrets: ReadonlyMap<string, string | null>): PlatformFinding[] {
  const needed = appNeeds(app).secrets.filter(({ optional }) => !optional);
  const { findings } = judgeVariables({
    app,
    // The table is not known yet.
    open: { ...openVariables(template), STORE: 'memory' },
    // A module of the operator's own may give one by another way.
    secrets: new Map([...needed.map(({ name }) => [name, null] as const), ...secrets]),
    stores: { drivers: [memory], standard: 'memory' },
    placeOf: (name) => `environment.${name} in aws.ts`,
  });
  return findings;
}

/** Those of all functions of the app, without what the stack makes and refers to. */
function openVariables(template: string): Record<string, string> {
  const all = functionVariables(template).flatMap((variables) => Object.entries(variables));
  return Object.fromEntries(
    all.flatMap(([name, value]) =>
      typeof value === 'string' && !value.includes('{{resolve:') ? [[name, value] as const] : [],
    ),
  );
}
