/** Works out what a deployment on Cloudflare needs and what of it is there. In a dry run nothing of it asks the platform. */
import { systemRuntime } from '../../../base/runtime.ts';
import { isoTime } from '../../../base/time/time-text.ts';
import { appNeeds } from '../../platforms/app-needs.ts';
import { checkWorkerBundle, type WorkerBundle } from '../../platforms/cloudflare-bundle.ts';
import { checkWorkerFeeds, checkWorkerSettings } from '../../platforms/cloudflare-checks.ts';
import { setting } from '../../platforms/cloudflare-settings.ts';
import { checkWorkerVariables, storeWord, workerSecrets } from '../../platforms/cloudflare-variables.ts';
import type { PlatformFinding } from '../../platforms/finding.ts';
import { accountOf, isQueueThere, secretsThere } from './cloudflare-account.ts';
import type { SettingsProbe } from './cloudflare-probe.ts';
import { missingSecrets, originsOf, type SecretOrigin, secretSteps } from './cloudflare-secrets.ts';
import type { DeployOptions } from './deploy-options.ts';
import { type DeployPlan, sortedFindings, type DeployStep } from './plan.ts';
import { openSecretSources } from './secret-values.ts';
import { placed } from './settings-fix.ts';
import { buildWorker } from './worker-build.ts';
import type { ReadSettings, Wrangler } from './wrangler.ts';

export interface CloudflarePlan extends DeployPlan {
  secrets: readonly SecretOrigin[];
  /** Queues that have to be made. */
  queues: readonly string[];
  /** What each command of wrangler's is told of the environment. */
  of: readonly string[];
  bundle: WorkerBundle | null;
  /** What is wrong with the variables where secrets have these values. */
  judge: (values: Readonly<Record<string, string>>) => PlatformFinding[];
}

export async function planCloudflare(
  options: DeployOptions,
  wrangler: Wrangler,
  probe: SettingsProbe,
): Promise<CloudflarePlan> {
  const { app, environment, dryRun, withQueue } = options;
  const needs = appNeeds(app);
  const raw = wrangler.readRaw(probe.path);
  const base = { platform: 'cloudflare', does: 'deploy', environment, isDry: dryRun, stays: [] } as const;
  const unknown = environmentProblem(raw, probe.file, environment);
  if (unknown !== null) {
    return {
      ...base,
      name: String(raw['name']),
      account: null,
      findings: [unknown],
      steps: [],
      bundle: null,
      secrets: [],
      queues: [],
      of: [],
      judge: () => [],
    };
  }
  const settings = wrangler.readSettings(probe.path, environment ?? '');
  const { name, variables, flags } = settings;
  const today = isoTime(systemRuntime(() => {}).now()).slice(0, 10);
  const early = [...checkWorkerSettings(needs, settings, withQueue, today), ...checkWorkerFeeds(needs)];
  const sources = openSecretSources(options.folder, options.variables, environment);
  const of = probe.written.size > 0 ? [`--name=${name}`] : [`--env=${environment ?? ''}`];
  const accountId = settings.accountId ?? sources.find('CLOUDFLARE_ACCOUNT_ID')?.value ?? null;
  const [bundle, account] = await Promise.all([
    settings.hasEntry ? buildWorker(wrangler, probe.path, environment ?? '') : null,
    dryRun ? null : accountOf(wrangler, { accountId, file: probe.file }),
  ]);
  const [there, queues] = await Promise.all([
    dryRun ? null : secretsThere(wrangler, of).then((names) => names ?? new Set<string>()),
    queueSteps(settings, wrangler, dryRun),
  ]);
  const ofBundle = bundle === null ? [] : checkWorkerBundle(bundle, { flags, store: storeWord(variables) });
  const canAsk = options.asker.isThere && !options.json;
  const secrets = originsOf(workerSecrets(needs, variables), { there, sources, canAsk });
  const known = valuesKnown(secrets);
  const findings = [
    ...early,
    ...ofBundle,
    ...checkWorkerVariables({ app, needs, variables, secrets: known }),
    ...missingSecrets(secrets, sources.file, dryRun),
    ...hiddenVariables(variables, there),
  ];
  const told = findings.map((one) =>
    one.add === undefined ? one : { ...one, add: placed(one.add, raw, environment) },
  );
  const deploy = `wrangler deploy --env=${environment ?? ''}`;
  const steps: DeployStep[] = [
    ...[...probe.written.keys()].map((file): DeployStep => ({ what: `write ${file}`, state: 'to do', command: null })),
    ...queues,
    ...secretSteps(secrets, [`--env=${environment ?? ''}`], dryRun),
    { what: `Worker ${name}`, state: 'to do', command: deploy },
  ];
  return {
    ...base,
    name,
    account,
    findings: sortedFindings(distinct(told)),
    steps,
    bundle,
    secrets,
    queues: queues.filter(({ state }) => state === 'to do').map(({ what }) => what.replace('queue ', '')),
    of: [`--env=${environment ?? ''}`],
    judge: (values) =>
      checkWorkerVariables({ app, needs, variables, secrets: new Map([...known, ...Object.entries(values)]) }),
  };
}

function environmentProblem(
  raw: Record<string, unknown>,
  file: string,
  environment: string | null,
): PlatformFinding | null {
  const names = Object.keys(raw['env'] ?? {});
  if (environment === null || names.includes(environment)) return null;
  const add = setting.variable('STORE', 'redis');
  return {
    level: 'error',
    field: '--env',
    message: `${file} has no environment ${environment}${names.length === 0 ? '' : `, but ${names.join(', ')}`}`,
    fix: `an environment has variables, queues and limits of its own`,
    add: { ...add, path: ['env', environment, ...add.path] },
  };
}

/** A name is bound once: the platform refuses a variable where a secret of that name is there, in the middle of a deployment. */
function hiddenVariables(
  variables: Readonly<Record<string, unknown>>,
  there: ReadonlySet<string> | null,
): PlatformFinding[] {
  return Object.keys(variables)
    .filter((name) => there?.has(name) === true)
    .map((name) => ({
      level: 'error' as const,
      field: name,
      message: `${name} stands under [vars], and the Worker has a secret of that name`,
      fix: `take it out of the settings, or delete the secret: npx wrangler secret delete ${name}`,
    }));
}

/** What the variables are judged with: a value where it is known, null where it is there or will be. */
function valuesKnown(origins: readonly SecretOrigin[]): Map<string, string | null> {
  return new Map(origins.map((origin) => [origin.name, origin.kind === 'found' ? origin.value : null]));
}

/** @param isQuiet nobody asks the platform */
async function queueSteps(
  { producers, consumers }: ReadSettings,
  wrangler: Wrangler,
  isQuiet: boolean,
): Promise<DeployStep[]> {
  const queue = producers.find(({ binding }) => binding === 'TASKS')?.queue;
  const dead = consumers.find((one) => one.queue === queue)?.dead_letter_queue;
  const names = [queue, dead].filter((name) => name !== undefined);
  return Promise.all(
    names.map(async (name): Promise<DeployStep> => {
      const state = isQuiet ? 'unknown' : (await isQueueThere(wrangler, name)) ? 'there' : 'to do';
      return { what: `queue ${name}`, state, command: state === 'there' ? null : `wrangler queues create ${name}` };
    }),
  );
}

/** The same mistake is found twice where two look. */
function distinct(findings: readonly PlatformFinding[]): PlatformFinding[] {
  return [...new Map(findings.map((one) => [`${one.level} ${one.field} ${one.message}`, one])).values()];
}
