/** The secrets of a Worker: which are there, where the values of the others come from, and how they are put. */
import { randomBytes } from 'node:crypto';
import type { WorkerSecret } from '../../platforms/cloudflare-variables.ts';
import type { PlatformFinding } from '../../platforms/finding.ts';
import type { Asker } from './ask.ts';
import { commandFailed, secretsThere } from './cloudflare-account.ts';
import type { DeployStep } from './plan.ts';
import type { SecretSources } from './secret-values.ts';
import { saidBy, type Wrangler } from './wrangler.ts';

/** How one secret comes to be there. `there`: it is; `asked`: whoever deploys is asked for its value. */
export type SecretOrigin =
  | { name: string; kind: 'there' | 'asked' | 'made' | 'missing' }
  | { name: string; kind: 'found'; value: string; from: string };

const SECRET_BYTES = 32;

interface SecretSurroundings {
  /** Names of those that are there. Null: nobody asked the platform. */
  there: ReadonlySet<string> | null;
  sources: SecretSources;
  canAsk: boolean;
}

/** One that is optional and has no value anywhere is left out. */
export function originsOf(
  secrets: readonly WorkerSecret[],
  { there, sources, canAsk }: SecretSurroundings,
): SecretOrigin[] {
  return secrets.flatMap(({ name, need }): SecretOrigin[] => {
    if (there?.has(name) === true) return [{ name, kind: 'there' }];
    const found = sources.find(name);
    if (found !== null) return [{ name, kind: 'found', ...found }];
    if (need === 'optional') return [];
    if (need === 'made') return [{ name, kind: 'made' }];
    return [{ name, kind: canAsk ? 'asked' : 'missing' }];
  });
}

/** @param isDry nobody asked the platform, so what is missing here may be there */
export function missingSecrets(origins: readonly SecretOrigin[], file: string, isDry: boolean): PlatformFinding[] {
  const names = origins.filter(({ kind }) => kind === 'missing').map(({ name }) => name);
  const [first] = names;
  if (first === undefined) return [];
  const [secrets, have] = names.length === 1 ? ['secret', 'has'] : ['secrets', 'have'];
  const missing = `the ${secrets} ${names.join(', ')} ${have} no value`;
  return [
    {
      level: isDry ? 'advice' : 'error',
      field: first,
      message: isDry ? `${missing} here, and nobody asked whether the Worker has what it needs` : missing,
      fix: `set it in the environment or in ${file}, or run this on a terminal, where you are asked for it`,
    },
  ];
}

const HOW = { there: '', asked: 'asked for', made: 'made at random', missing: 'no value' } as const;

export function secretSteps(origins: readonly SecretOrigin[], of: readonly string[], isDry: boolean): DeployStep[] {
  return origins.map((origin) => {
    const how = origin.kind === 'found' ? `from ${origin.from}` : HOW[origin.kind];
    if (origin.kind === 'there') return { what: `secret ${origin.name}`, state: 'there', command: null };
    const state = isDry ? 'unknown' : 'to do';
    return { what: `secret ${origin.name}`, state, command: `${['wrangler secret bulk', ...of].join(' ')}  (${how})` };
  });
}

/** The values of those that are to be put. Whoever deploys is asked for some. */
export async function valuesOf(origins: readonly SecretOrigin[], asker: Asker): Promise<Record<string, string>> {
  const values: Record<string, string> = {};
  for (const origin of origins) {
    const { name } = origin;
    if (origin.kind === 'found') values[name] = origin.value;
    if (origin.kind === 'made') values[name] = randomBytes(SECRET_BYTES).toString('hex');
    while (origin.kind === 'asked' && (values[name] ?? '') === '')
      values[name] = await asker.askHidden(`${name} (not shown): `);
  }
  return values;
}

/**
 * Puts them all at once. They stand neither in an argument nor in a file.
 * @throws TidegateError `upstream`, also where wrangler says that it is done and they are not there
 */
export async function putSecrets(
  wrangler: Wrangler,
  values: Readonly<Record<string, string>>,
  of: readonly string[],
): Promise<void> {
  const names = Object.keys(values);
  if (names.length === 0) return;
  // One line: some versions of wrangler put the lines of its input together without what ends them.
  const end = await wrangler.run(['secret', 'bulk', ...of], { input: JSON.stringify(values) });
  if (end.status !== 0) throw commandFailed('wrangler secret bulk', withoutValues(saidBy(end), values));
  const there = await secretsThere(wrangler, of);
  const missing = names.filter((name) => there?.has(name) !== true);
  if (missing.length > 0) throw commandFailed('wrangler secret bulk', `${missing.join(', ')} are not there after it`);
}

function withoutValues(text: string, values: Readonly<Record<string, string>>): string {
  return Object.values(values).reduce((left, value) => left.replaceAll(value, '[secret]'), text);
}
