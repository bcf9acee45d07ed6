/**
 * `tidegate doctor`: looks at an app, its configuration, its store and its feeds, and says what is wrong and what to do. It changes
 * nothing in the app's data. Exit status 1: something has to be mended.
 */
import { secretsWithin } from '../../../declare/secret.ts';
import type { Log } from '../../../base/runtime.ts';
import { knownName } from '../../../base/known-names.ts';
import { nodeRuntime } from '../../node/runtime.ts';
import { readArguments, unknownWord } from '../kit/arguments.ts';
import type { CommandCall } from '../kit/command.ts';
import { checksOf, type SkippedPart, SKIPPABLE } from './checks.ts';
import { type CheckResult, type Examined, type PlatformName, PLATFORMS } from './finding.ts';
import { jsonOf, lineOfSummary, linesOfResult, summaryOf, withoutSecrets } from './print.ts';
import { runChecks } from './run-checks.ts';

const OPTIONS = {
  app: { type: 'string' },
  platform: { type: 'string', default: 'node' },
  skip: { type: 'string', multiple: true },
  json: { type: 'boolean', default: false },
} as const;

/** Variables of Tidegate's own that are not to be shown. Those that the app declares as secrets are found in it. */
const SECRET_VARIABLES = /SECRET|TOKEN|KEY|PASSWORD/;

/** What is said below is said as a finding, by whoever finds it out. */
const SILENT: Log = Object.assign(() => {}, { wants: () => false });

export async function doctorCommand(call: CommandCall): Promise<number> {
  const { args, misused, print = (line: string) => console.log(line) } = call;
  const read = readArguments(args, OPTIONS, 'doctor');
  if (read.wrong !== null) return misused(read.wrong);
  const { values, positionals } = read;
  const [extra] = positionals;
  if (extra !== undefined) return misused(unknownWord(extra, [], 'doctor'));
  const asked = String(values['platform']);
  const platform = PLATFORMS.find((name) => name === asked);
  if (platform === undefined)
    return misused(`--platform ${asked}: expected ${knownName(asked, PLATFORMS, 'platforms')}`);
  const skipped = ((values['skip'] ?? []) as string[]).flatMap((text) => text.split(','));
  const unknown = skipped.find((word) => !SKIPPABLE.some((known) => known === word));
  if (unknown !== undefined) return misused(`--skip ${unknown}: expected ${knownName(unknown, SKIPPABLE, 'checks')}`);
  const file = typeof values['app'] === 'string' ? values['app'] : null;
  const examined = examinedOf(platform, file, call);
  const isJson = values['json'] === true;
  const shown: CheckResult[] = [];
  try {
    await runChecks(examined, checksOf(examined, call.loadApp, skipped as SkippedPart[]), (result) => {
      const clean = withoutSecrets(result, secretsOf(examined));
      shown.push(clean);
      if (!isJson) print(linesOfResult(clean));
    });
  } finally {
    await examined.store?.close();
  }
  const summary = summaryOf(shown);
  print(isJson ? jsonOf(shown) : lineOfSummary(summary));
  return summary.ok ? 0 : 1;
}

function examinedOf(platform: PlatformName, file: string | null, call: CommandCall): Examined {
  const { environment, envFile = null } = call;
  const runtime = nodeRuntime(SILENT);
  return { platform, environment, envFile, runtime, file, config: null, app: null, store: null, clocks: new Map() };
}

function secretsOf({ environment, app }: Examined): string[] {
  const own = app === null ? [] : secretsWithin(app.options).map(({ name }) => name);
  const names = [...Object.keys(environment).filter((name) => SECRET_VARIABLES.test(name)), ...own];
  return names.flatMap((name) => environment[name] ?? []);
}
