/** Runs the checks one after another, each within its time, and tells each as it ends. A check that breaks is a finding. */
import { asTidegateError } from '../../../base/errors.ts';
import type { CheckResult, DoctorCheck, Examined, DoctorFinding } from './finding.ts';

export async function runChecks(
  examined: Examined,
  checks: Iterable<DoctorCheck>,
  tell: (result: CheckResult) => void,
): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const check of checks) {
    const begunAt = performance.now();
    const findings = await within(examined, check);
    if (findings.length === 0) continue;
    const result = { check: check.name, ms: Math.round(performance.now() - begunAt), findings };
    results.push(result);
    tell(result);
  }
  return results;
}

async function within(examined: Examined, { mostMs, ...check }: DoctorCheck): Promise<DoctorFinding[]> {
  const over = new AbortController();
  const done = new AbortController();
  const late = examined.runtime.sleep(mostMs, done.signal).then((): DoctorFinding[] => {
    over.abort();
    return [{ status: 'fail', what: `this did not end within ${Math.round(mostMs / 1_000)} s` }];
  });
  try {
    return await Promise.race([check.run(examined, over.signal), late]);
  } catch (thrown) {
    return [failing(thrown)];
  } finally {
    done.abort();
    over.abort();
  }
}

/** What was thrown, as a finding. */
export function failing(thrown: unknown, before = ''): DoctorFinding {
  const { message, hint, field, expected } = asTidegateError(thrown);
  const isSaid = expected === null || message.includes(expected);
  const wanted = isSaid ? undefined : `${field === null ? '' : `${field}: `}expected ${expected}`;
  const fix = hint ?? wanted;
  return { status: 'fail', what: `${before}${message}`, ...(fix === undefined ? {} : { fix }) };
}
