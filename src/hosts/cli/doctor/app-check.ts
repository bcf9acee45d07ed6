/** Loads the app as a host does, and says what the declaration has. A variable that was misspelt is told here, where the app's own are known. */
import { secretsWithin } from '../../../declare/secret.ts';
import type { CommandCall } from '../kit/command.ts';
import { misspeltFindings } from './configuration-check.ts';
import type { DoctorCheck, DoctorFinding } from './finding.ts';

export function appCheck(loadApp: CommandCall['loadApp']): DoctorCheck {
  return {
    name: 'app',
    mostMs: 15_000,
    async run(examined) {
      const { file, config } = examined;
      const app = await loadApp(file);
      examined.app = app;
      const parts = (['streams', 'feeds', 'triggers', 'tools', 'tasks'] as const).flatMap((part) =>
        app[part].size === 0 ? [] : [`${app[part].size} ${part}`],
      );
      const findings: DoctorFinding[] = [
        { status: 'ok', what: `${app.name} ${app.version}: ${parts.join(', ') || 'nothing is declared'}` },
      ];
      const own = secretsWithin(app.options).map(({ name }) => name);
      if (config !== null) findings.push(...misspeltFindings(config, own));
      return findings;
    },
  };
}
