/** Whether secrets are set, long enough, made at random and written as they are. None is shown, and none leaves the process. */
import { appNeeds } from '../../platforms/app-needs.ts';
import type { DoctorCheck, DoctorFinding } from './finding.ts';

/** Fewer different characters than this were typed, or copied from an example. */
const LEAST_DIFFERENT = 10;
const EXAMPLE = /change.?me|example|your[-_ ]|xxxx|secret123|password|1234567/i;
/** `OAUTH_CLIENT_SECRET` is made by the issuer. */
const OWN = ['TIDEGATE_SECRET', 'TIDEGATE_SECRET_PREVIOUS', 'TIDEGATE_KEY', 'METRICS_TOKEN'];

export const secretsCheck: DoctorCheck = {
  name: 'secrets',
  mostMs: 5_000,
  async run({ app, environment, config, platform }) {
    const findings: DoctorFinding[] = [];
    const needs = app === null ? null : appNeeds(app);
    for (const { name, optional } of needs?.secrets ?? []) {
      const value = environment[name] ?? '';
      if (value !== '') findings.push(...ofForm(name, value));
      else if (!optional) {
        const where = platform === 'workers' ? `npx wrangler secret put ${name}` : `${name}=… where the server runs`;
        findings.push({ status: 'fail', what: `${name} is not set, and the app declares it as a secret`, fix: where });
      } else findings.push({ status: 'ok', what: `${name} is not set; it is optional` });
    }
    for (const name of OWN) {
      const value = environment[name] ?? '';
      if (value !== '') findings.push(...ofForm(name, value), ...ofStrength(name, value));
    }
    findings.push(...ofDoubles(environment, [...OWN, ...(needs?.secrets ?? []).map(({ name }) => name)]));
    if (
      config !== null &&
      config.secrets === null &&
      config.store.name !== 'sqlite' &&
      config.store.name !== 'memory'
    ) {
      findings.push({
        status: 'warn',
        what: 'TIDEGATE_SECRET is not set',
        why: 'nobody can be asked, nothing signed can be subscribed to, and clients of 2025-11-25 get no sessions',
        fix: 'openssl rand -hex 32 makes one; the same on every instance',
      });
    }
    return findings.length > 0 ? findings : [{ status: 'ok', what: 'nothing needs a secret that is not set' }];
  },
};

/** Files and forms add what was not meant. */
function ofForm(name: string, value: string): DoctorFinding[] {
  const slip = /^\s|\s$/.test(value)
    ? 'begins or ends with a space or a line end'
    : /^(["']).*\1$/s.test(value)
      ? 'stands in quotes, which are part of it'
      : null;
  if (slip === null) return [{ status: 'ok', what: `${name} is set` }];
  return [
    { status: 'warn', what: `${name} ${slip}`, fix: 'set it again without, such as with printf instead of echo' },
  ];
}

function ofStrength(name: string, value: string): DoctorFinding[] {
  const isWeak = new Set(value).size < LEAST_DIFFERENT || EXAMPLE.test(value);
  if (!isWeak) return [];
  return [{ status: 'fail', what: `${name} was not made at random`, fix: 'openssl rand -hex 32 makes one' }];
}

function ofDoubles(
  environment: Readonly<Record<string, string | undefined>>,
  names: readonly string[],
): DoctorFinding[] {
  const byValue = new Map<string, string[]>();
  for (const name of new Set(names)) {
    const value = environment[name] ?? '';
    if (value !== '') byValue.set(value, [...(byValue.get(value) ?? []), name]);
  }
  return [...byValue.values()].flatMap((same) =>
    same.length < 2
      ? []
      : [{ status: 'warn' as const, what: `${same.join(' and ')} are the same`, fix: 'give each one of its own' }],
  );
}
