/** The environment: mistakes, names that were probably meant to be others, and values that are right in form and seldom meant. */
import type { Config } from '../../../base/config/config.ts';
import { isLoopback, readHostname } from '../../../base/config/origins.ts';
import { misspeltText } from '../../../base/known-names.ts';
import { readConfig } from '../../../store/drivers/open.ts';
import { STANDARD_STORE } from '../../platforms/standard-store.ts';
import type { DoctorCheck, Examined, DoctorFinding, PlatformName } from './finding.ts';
import { failing } from './run-checks.ts';

export const configurationCheck: DoctorCheck = {
  name: 'configuration',
  mostMs: 5_000,
  async run(examined) {
    const { environment, platform } = examined;
    try {
      examined.config = readConfig({ ...environment }, STANDARD_STORE[platform]);
    } catch (thrown) {
      return [failing(thrown)];
    }
    const { config } = examined;
    // Names of the app's own secrets are known once it is loaded, and are looked at with it.
    const findings = [...ofPublicUrl(config, platform), ...ofOrigins(config), ...ofStore(examined, config)];
    const { envFile } = examined;
    const taken = Object.keys(envFile?.set ?? {});
    if (taken.length > 0) {
      const what = `${taken.length} variables are taken from ${envFile?.file}: ${taken.join(', ')}`;
      findings.unshift({ status: 'ok', what });
    }
    return findings.length > 0 ? findings : [{ status: 'ok', what: 'every variable that is set is well formed' }];
  },
};

/** @param own names of the app's own variables */
export function misspeltFindings({ misspelt }: Config, own: readonly string[]): DoctorFinding[] {
  return misspelt(own).map((variable) => ({
    status: 'warn',
    what: misspeltText(variable),
    fix: `rename it to ${variable.meant}, or take it away`,
  }));
}

function ofPublicUrl({ publicUrl, host, auth }: Config, platform: PlatformName): DoctorFinding[] {
  if (publicUrl === null) {
    const isReached = platform !== 'node' || !isLocal(host);
    if (!isReached || auth.oauth === null) return [];
    return [
      {
        status: 'fail',
        what: 'PUBLIC_URL is not set, and callers bring tokens of an issuer',
        why: 'no token can be for this server, since nobody knows its name',
        fix: 'set PUBLIC_URL to the address by which clients reach it, such as https://live.example.org',
      },
    ];
  }
  const { protocol, hostname, pathname, search } = new URL(publicUrl);
  const findings: DoctorFinding[] = [];
  if (protocol === 'http:' && !isLocal(hostname)) {
    findings.push({
      status: 'warn',
      what: `PUBLIC_URL is ${publicUrl}: keys and tokens go unencrypted`,
      fix: 'serve it by https',
    });
  }
  if (/\/mcp\/?$/.test(pathname)) {
    findings.push({
      status: 'fail',
      what: `PUBLIC_URL ends with /mcp: clients are sent to ${publicUrl}/mcp`,
      fix: 'take /mcp away: it is the base of all paths',
    });
  }
  if (search !== '')
    findings.push({ status: 'fail', what: 'PUBLIC_URL has a query', fix: 'take away what begins with ?' });
  if (platform !== 'node' && isLocal(hostname)) {
    findings.push({ status: 'warn', what: `PUBLIC_URL is ${publicUrl}, which only this machine reaches` });
  }
  return findings;
}

function ofOrigins({ allowedOrigins, auth }: Config): DoctorFinding[] {
  if (!allowedOrigins.includes('*')) return [];
  const status = auth.modes.length === 0 ? 'warn' : 'ok';
  return [
    {
      status,
      what: 'ALLOWED_ORIGINS is *: every page that a browser opens may send',
      ...(status === 'ok'
        ? {}
        : { why: 'nobody is asked who calls either', fix: 'name the origins of the pages that may' }),
    },
  ];
}

function ofStore({ platform }: Examined, { store, host }: Config): DoctorFinding[] {
  if (platform === 'workers' && store.name === 'sqlite') {
    return [{ status: 'fail', what: 'STORE is sqlite, and a Worker has no disk', fix: 'STORE=redis' }];
  }
  if (platform === 'lambda' && store.name === 'sqlite') {
    return [
      {
        status: 'fail',
        what: 'STORE is sqlite: each instance of a function has a disk of its own, which ends with it',
        fix: 'STORE=dynamodb',
      },
    ];
  }
  if (store.name !== 'memory') return [];
  const isServed = platform !== 'node' || !isLocal(host);
  return [
    {
      status: isServed ? 'fail' : 'warn',
      what: 'STORE is memory: all data end with the process',
      fix: 'sqlite on one machine, redis or dynamodb for several instances',
    },
  ];
}

export function isLocal(host: string): boolean {
  return isLoopback(readHostname(host) ?? '');
}
