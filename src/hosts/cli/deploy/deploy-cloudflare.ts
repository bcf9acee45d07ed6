/**
 * `tidegate deploy cloudflare`: finds what is missing, makes what is not there, and deploys with the operator's wrangler. Each step can
 * be done again: what was made stays, and the next run finds it. Before the plan is agreed to nothing is made, but for the settings that
 * `--fix` adds.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TidegateError } from '../../../base/errors.ts';
import { appNeeds } from '../../platforms/app-needs.ts';
import { mebibytes } from '../../platforms/cloudflare-bundle.ts';
import { commandFailed } from './cloudflare-account.ts';
import { type CloudflarePlan, planCloudflare } from './cloudflare-plan.ts';
import { probeSettings, type SettingsProbe } from './cloudflare-probe.ts';
import { putSecrets, valuesOf } from './cloudflare-secrets.ts';
import { agreed, showPlan } from './consent.ts';
import type { DeployOptions } from './deploy-options.ts';
import { hasErrors } from './plan.ts';
import { fixSettings, writtenAddition } from './settings-fix.ts';
import { openWrangler, saidBy, settingsFile, type Wrangler } from './wrangler.ts';

/** Answers the exit status. @throws TidegateError for what stands in the way, and for a step that failed */
export async function deployCloudflare(options: DeployOptions): Promise<number> {
  const wrangler = openWrangler(options.folder, options.variables);
  const { plan, probe } = await prepare(options, wrangler);
  try {
    const isAgreed = await showAndAsk(options, plan);
    if (typeof isAgreed === 'number') return isAgreed;
    const values = await valuesOf(plan.secrets, options.asker);
    const wrong = plan.judge(values).find(({ level }) => level === 'error');
    if (wrong !== undefined) {
      throw new TidegateError('invalid_input', wrong.message, { field: wrong.field, expected: wrong.fix });
    }
    for (const [file, text] of probe.written) writeFileSync(join(options.folder, file), text, { flag: 'wx' });
    for (const queue of plan.queues) await makeQueue(wrangler, queue);
    await putSecrets(wrangler, values, plan.of);
    const url = await deploy(options, wrangler, plan);
    tellDone(options, plan, url);
    return 0;
  } finally {
    probe.end();
  }
}

/** With `--fix` the settings are added first, for as long as that adds anything. */
async function prepare(
  options: DeployOptions,
  wrangler: Wrangler,
): Promise<{ plan: CloudflarePlan; probe: SettingsProbe }> {
  const { folder, appFile, app, environment, variables, fix, dryRun } = options;
  const auth = variables['AUTH'] ?? 'keys';
  const probe = probeSettings({ folder, appFile, appName: app.name, needs: needed(options), environment, auth });
  try {
    const plan = await planCloudflare(options, wrangler, probe);
    const additions = plan.findings.flatMap(({ add }) => add ?? []);
    if (!fix || dryRun || additions.length === 0 || probe.written.size > 0) return { plan, probe };
    const { text, added } = fixSettings(wrangler, probe.path, probe.text, additions);
    if (added.length === 0) return { plan, probe };
    writeFileSync(probe.path, text);
    options.tell(`${probe.file}: added ${added.map(({ path }) => path.join('.')).join(', ')}\n`);
    return await prepare(options, wrangler);
  } catch (thrown) {
    probe.end();
    throw thrown;
  }
}

function needed({ app, withQueue }: DeployOptions): { schedule: boolean; queue: boolean } {
  const { schedule, queue } = appNeeds(app);
  return { schedule, queue: queue && withQueue };
}

/** True to go on; an exit status where it ends here. */
async function showAndAsk(options: DeployOptions, plan: CloudflarePlan): Promise<true | number> {
  const { bundle } = plan;
  const size = bundle === null ? null : `${mebibytes(bundle.bytes)}, ${mebibytes(bundle.gzippedBytes)} gzipped`;
  const { judge: _judge, secrets: _secrets, queues: _queues, of: _of, bundle: _bundle, ...shown } = plan;
  const sizes = bundle === null ? null : { bytes: bundle.bytes, gzippedBytes: bundle.gzippedBytes };
  showPlan(options, { ...shown, bundle: sizes }, size, (add) => writtenAddition(settingsName(options), add));
  if (hasErrors(plan)) return 1;
  if (options.dryRun || (options.json && !options.yes)) return 0;
  await agreed(options, `Deploy ${plan.name}?`);
  return true;
}

function settingsName({ folder }: DeployOptions): string {
  return settingsFile(folder) ?? 'wrangler.toml';
}

async function makeQueue(wrangler: Wrangler, name: string): Promise<void> {
  const end = await wrangler.run(['queues', 'create', name]);
  // Somebody else may have made it since.
  if (end.status !== 0 && !/already (exists|taken)|is taken/i.test(saidBy(end)))
    throw commandFailed(`wrangler queues create ${name}`, saidBy(end));
}

/** The URL, as wrangler says it; null where it says none. */
async function deploy({ tell }: DeployOptions, wrangler: Wrangler, { of }: CloudflarePlan): Promise<string | null> {
  const end = await wrangler.run(['deploy', ...of], { tell });
  if (end.status !== 0) throw commandFailed('wrangler deploy', saidBy(end));
  return /https:\/\/[\w.-]+/.exec(end.stdout.slice(Math.max(0, end.stdout.indexOf('Deployed'))))?.[0] ?? null;
}

function tellDone({ print, json, app }: DeployOptions, { name }: CloudflarePlan, url: string | null): void {
  if (json) return print(JSON.stringify({ done: true, name, url: url === null ? null : `${url}/mcp` }));
  print(`${name} is deployed${url === null ? '' : ` at ${url}/mcp`}.`);
  if (url === null) return;
  print(`Is it ready?    curl ${url}/readyz`);
  print(`For a client:   claude mcp add --transport http ${app.name} ${url}/mcp`);
  print(
    'With AUTH=keys: STORE=redis UPSTASH_REDIS_REST_URL=… UPSTASH_REDIS_REST_TOKEN=… npx tidegate keys create --name me',
  );
}
