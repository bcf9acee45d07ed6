/** How several mistakes of a deployment are told at once. Pure. */
import { TidegateError } from '../../base/errors.ts';
import type { Mistake } from '../platforms/aws-checks.ts';

/** @throws TidegateError `invalid_config` that lists the mistakes, each with what to do about it */
export function refuseMistakes(mistakes: readonly Mistake[]): void {
  const [first] = mistakes;
  if (first === undefined) return;
  const { field, expected, hint } = first;
  if (mistakes.length === 1) {
    throw new TidegateError('invalid_config', `${field}: expected ${expected}`, { field, expected, hint });
  }
  const lines = mistakes.map((one) => `  ${one.field}: expected ${one.expected}\n    ${one.hint}`);
  const message = `the deployment has ${mistakes.length} mistakes:\n${lines.join('\n')}`;
  throw new TidegateError('invalid_config', message, { field, expected });
}
