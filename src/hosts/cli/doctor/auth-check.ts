/** Who may call: whether an open server is reached by others, whether there is a key, whether the issuer answers with keys. */
import { createIssuerFetch } from '../../../auth/oauth/issuer-fetch.ts';
import { createKeySet } from '../../../auth/oauth/key-set.ts';
import { listKeys } from '../../../auth/keys/manage.ts';
import { createGuardedFetch } from '../../../net/guarded-fetch.ts';
import { isLocal } from './configuration-check.ts';
import type { DoctorCheck, Examined, DoctorFinding } from './finding.ts';
import { failing } from './run-checks.ts';
import { datedFetch } from './feed-context.ts';

const SOON_MS = 7 * 86_400_000;

export const authCheck: DoctorCheck = {
  name: 'callers',
  mostMs: 20_000,
  async run(examined) {
    const { config, platform } = examined;
    if (config === null) return [{ status: 'skip', what: 'not looked at: first mend what stands above' }];
    const { modes, saidNone } = config.auth;
    if (modes.length === 0) return [open(saidNone, platform === 'node' && isLocal(config.host))];
    const findings: DoctorFinding[] = [];
    if (modes.includes('keys')) findings.push(...(await ofKeys(examined)));
    for (const issuer of config.auth.oauth?.issuers ?? []) findings.push(await ofIssuer(issuer, examined));
    return findings;
  },
};

function open(saidNone: boolean, isLoopback: boolean): DoctorFinding {
  if (isLoopback) return { status: 'ok', what: 'everyone on this machine may call, and nobody else reaches it' };
  if (saidNone)
    return {
      status: 'warn',
      what: 'everyone who reaches it may call: AUTH is none',
      fix: 'TIDEGATE_KEY, or AUTH=keys',
    };
  return {
    status: 'fail',
    what: 'nobody is asked who calls, and others than this machine reach it',
    fix: 'TIDEGATE_KEY=$(openssl rand -hex 32), AUTH=keys or OAUTH_ISSUER; AUTH=none says that it is meant',
  };
}

async function ofKeys({ config, store, runtime }: Examined): Promise<DoctorFinding[]> {
  const findings: DoctorFinding[] = [];
  const hasOwn = config?.auth.key != null;
  if (hasOwn) findings.push({ status: 'ok', what: 'TIDEGATE_KEY may do everything' });
  if (store === null) return findings;
  const keys = await listKeys({ store, runtime });
  const valid = keys.filter(({ state }) => state === 'valid');
  const ending = valid.filter(({ expiresAt }) => expiresAt !== null && expiresAt - runtime.now() < SOON_MS);
  if (valid.length === 0 && !hasOwn) {
    const fix = 'npx tidegate keys create --name NAME';
    return [{ status: 'warn', what: 'callers bring keys, and there is none that is valid', fix }];
  }
  if (ending.length > 0) {
    const names = ending.map(({ name }) => name).join(', ');
    findings.push({
      status: 'warn',
      what: `keys end within a week: ${names}`,
      fix: 'make new ones with tidegate keys create',
    });
  }
  return [...findings, { status: 'ok', what: `${valid.length} keys in the store are valid` }];
}

async function ofIssuer(issuer: string, { runtime, clocks }: Examined): Promise<DoctorFinding> {
  const fetch = datedFetch(createGuardedFetch(runtime), runtime, clocks);
  try {
    await createKeySet(issuer, createIssuerFetch(fetch, [new URL(issuer).host]), runtime).current();
    return { status: 'ok', what: `the issuer ${issuer} answers, with keys` };
  } catch (thrown) {
    return failing(thrown);
  }
}
