/** Shows a plan, and has it agreed to: on a terminal by an answer, elsewhere by `--yes`. */
import { TidegateError } from '../../../base/errors.ts';
import type { Addition } from '../../platforms/cloudflare-settings.ts';
import { type DeployOptions } from './deploy-options.ts';
import { hasErrors, type DeployPlan, planLines } from './plan.ts';

/** @param written an addition as the operator has to write it */
export function showPlan(
  { print, json }: Pick<DeployOptions, 'print' | 'json'>,
  plan: DeployPlan,
  size: string | null,
  written: (add: Addition) => string[],
): void {
  const findings = plan.findings.map(({ add, fix, ...finding }) => ({
    ...finding,
    fix: add === undefined ? fix : [fix, ...written(add)].join('\n'),
  }));
  if (json) return print(JSON.stringify({ ...plan, findings, isReady: !hasErrors(plan) }));
  for (const line of planLines({ ...plan, findings }, size)) print(line);
  const isFixable = plan.findings.some(({ level, add }) => level === 'error' && add !== undefined);
  if (isFixable && plan.platform === 'cloudflare') print('\n--fix adds the missing lines.');
}

/** @throws TidegateError `cancelled` where the answer is no, `invalid_input` where nobody can be asked */
export async function agreed({ yes, asker }: Pick<DeployOptions, 'yes' | 'asker'>, question: string): Promise<void> {
  if (yes) return;
  if (!asker.isThere) {
    throw new TidegateError('invalid_input', 'nobody can be asked here', {
      field: '--yes',
      expected: '--yes, to go on without a question',
    });
  }
  const answer = await asker.ask(`\n${question} [y/N] `);
  if (/^y(es)?$/i.test(answer)) return;
  throw new TidegateError('cancelled', 'nothing was made', {});
}

/** The same for what cannot be taken back: the whole name has to be typed. */
export async function agreedByName({ yes, asker }: Pick<DeployOptions, 'yes' | 'asker'>, name: string): Promise<void> {
  if (yes) return;
  if (!asker.isThere) {
    throw new TidegateError('invalid_input', 'nobody can be asked here', {
      field: '--yes',
      expected: '--yes, to delete it without a question',
    });
  }
  const answer = await asker.ask(`\nType ${name} to delete it: `);
  if (answer !== name)
    throw new TidegateError(
      'cancelled',
      `${answer === '' ? 'nothing' : answer} is not ${name}: nothing was deleted`,
      {},
    );
}
