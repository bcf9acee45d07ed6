/**
 * `tidegate destroy cloudflare`: deletes the Worker with its secrets and schedule, and its queues. Data are in the store, which stays.
 * What is gone already is passed over, so that it can be done again.
 */
import { join } from 'node:path';
import { TidegateError } from '../../../base/errors.ts';
import { accountOf, commandFailed, isQueueThere, secretsThere } from './cloudflare-account.ts';
import { agreedByName, showPlan } from './consent.ts';
import type { DeployOptions } from './deploy-options.ts';
import type { DeployPlan, DeployStep } from './plan.ts';
import { openSecretSources } from './secret-values.ts';
import { openWrangler, type ReadSettings, saidBy, settingsFile, type Wrangler } from './wrangler.ts';

/** Answers the exit status. @throws TidegateError for what stands in the way, and for a step that failed */
export async function destroyCloudflare(options: DeployOptions): Promise<number> {
  const { folder, environment, variables, dryRun, json, yes, print } = options;
  const wrangler = openWrangler(folder, variables);
  const file = settingsFile(folder);
  if (file === null) {
    const expected = 'the folder from which it was deployed, with its wrangler.toml or wrangler.jsonc';
    throw new TidegateError('invalid_config', `there are no settings of wrangler in ${folder}`, {
      field: 'wrangler.toml',
      expected,
    });
  }
  const path = join(folder, file);
  checkEnvironment(wrangler, path, options);
  const settings = wrangler.readSettings(path, environment ?? '');
  const of = [`--env=${environment ?? ''}`];
  const accountId =
    settings.accountId ??
    openSecretSources(folder, variables, environment).find('CLOUDFLARE_ACCOUNT_ID')?.value ??
    null;
  const account = dryRun ? null : await accountOf(wrangler, { accountId, file });
  const isThere = dryRun ? null : (await secretsThere(wrangler, of)) !== null;
  const queues = queuesOf(settings);
  const queuesThere = new Map<string, boolean | null>();
  for (const name of queues) queuesThere.set(name, dryRun ? null : await isQueueThere(wrangler, name));

  const plan: DeployPlan = {
    platform: 'cloudflare',
    does: 'destroy',
    name: settings.name,
    environment,
    account,
    isDry: dryRun,
    findings: [],
    steps: [
      step(`Worker ${settings.name}, its secrets and its schedule`, isThere, `wrangler delete ${of.join(' ')}`),
      ...queues.map((name) => step(`queue ${name}`, queuesThere.get(name) ?? null, `wrangler queues delete ${name}`)),
    ],
    stays: ['the data, in the store that the Worker used', `${file} and the files of this folder`],
    bundle: null,
  };
  showPlan(options, plan, null, () => []);
  if (dryRun || (json && !yes)) return 0;
  if (plan.steps.every(({ state }) => state === 'gone')) {
    if (!json) print('\nThere is nothing left to delete.');
    return 0;
  }
  await agreedByName(options, settings.name);
  const left = queues.filter((name) => queuesThere.get(name) === true);
  const [tasks] = queues;
  // A Worker that takes messages out of a queue is not deleted.
  if (tasks !== undefined && left.includes(tasks))
    await quietly(wrangler, ['queues', 'consumer', 'remove', tasks, settings.name]);
  if (isThere === true) await deleted(wrangler, ['delete', ...of]);
  for (const name of left) await deleted(wrangler, ['queues', 'delete', name]);
  if (json) print(JSON.stringify({ done: true, name: settings.name }));
  else print(`${settings.name} is deleted.`);
  return 0;
}

/** @throws TidegateError where the settings have no such environment, and where several are there and none is named */
function checkEnvironment(wrangler: Wrangler, path: string, { environment, yes }: DeployOptions): void {
  const names = Object.keys(wrangler.readRaw(path)['env'] ?? {});
  const known = `one of ${names.join(', ')}, or nothing for the one without a name`;
  if (environment !== null && !names.includes(environment)) {
    const expected = names.length === 0 ? 'not to be given: the settings have no environments' : known;
    throw new TidegateError('invalid_input', `there is no environment ${environment}`, { field: '--env', expected });
  }
  if (environment === null && names.length > 0 && yes) {
    const expected = `--env NAME (${names.join(', ')}), or no --yes, to type the name of the one without an environment`;
    throw new TidegateError('invalid_input', 'the settings have environments, and none is named', {
      field: '--env',
      expected,
    });
  }
}

function queuesOf({ producers, consumers }: ReadSettings): string[] {
  const tasks = producers.find(({ binding }) => binding === 'TASKS')?.queue;
  const dead = consumers.find(({ queue }) => queue === tasks)?.dead_letter_queue;
  return [tasks, dead].filter((name) => name !== undefined);
}

function step(what: string, isThere: boolean | null, command: string): DeployStep {
  const state = isThere === null ? 'unknown' : isThere ? 'to do' : 'gone';
  return { what, state, command: state === 'gone' ? null : command };
}

async function quietly(wrangler: Wrangler, args: readonly string[]): Promise<void> {
  const end = await wrangler.run(args);
  if (end.status !== 0 && !/no worker consumer|not found|does not exist/i.test(saidBy(end))) {
    throw commandFailed(`wrangler ${args.join(' ')}`, saidBy(end));
  }
}

async function deleted(wrangler: Wrangler, args: readonly string[]): Promise<void> {
  const end = await wrangler.run(args);
  if (end.status !== 0) throw commandFailed(`wrangler ${args.join(' ')}`, saidBy(end));
}
