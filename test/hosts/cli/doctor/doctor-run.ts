/** Runs `tidegate doctor` within the test, on an app and an environment that the test gives, and reads what it printed. */
import { defineApp } from '../../../../src/declare/check/define-app.ts';
import type { App, AppOptions } from '../../../../src/declare/app.ts';
import { doctorCommand } from '../../../../src/hosts/cli/doctor/doctor-command.ts';
import type { CheckResult, DoctorFinding } from '../../../../src/hosts/cli/doctor/finding.ts';

export interface DoctorRun {
  status: number;
  /** All that was printed. */
  text: string;
  checks: CheckResult[];
  /** Findings of one check, as `status what`. */
  of(check: string): string[];
  /** All that are of this status. */
  all(status: DoctorFinding['status']): string[];
}

export function appOfTest(declared: Partial<AppOptions>): App {
  return defineApp({ name: 'examined', version: '1', description: 'an app of the test', ...declared });
}

const shown = ({ status, what }: DoctorFinding) => `${status} ${what}`;

export async function runDoctor(
  app: App,
  environment: Record<string, string>,
  args: string[] = [],
): Promise<DoctorRun> {
  const printed: string[] = [];
  const status = await doctorCommand({
    args: ['--json', ...args],
    loadApp: () => Promise.resolve(app),
    environment,
    misused: (message) => {
      printed.push(message);
      return 2;
    },
    print: (line) => void printed.push(line),
  });
  const text = printed.join('\n');
  const { checks } = status === 2 ? { checks: [] } : (JSON.parse(text) as { checks: CheckResult[] });
  return {
    status,
    text,
    checks,
    of: (check) => checks.filter((one) => one.check === check).flatMap(({ findings }) => findings.map(shown)),
    all: (wanted) =>
      checks.flatMap(({ findings }) =>
        findings.filter(({ status: found }) => found === wanted).map(({ what }) => what),
      ),
  };
}
