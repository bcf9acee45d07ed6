/**
 * The variables of a Worker: which of them are secrets, and what it would refuse at its start. A secret whose value is not known here
 * counts as a right one. Pure, but for what the app itself does when it is looked at.
 */
import { misspeltText } from '../../base/known-names.ts';
import type { App } from '../../declare/app.ts';
import { dynamodb } from '../../store/dynamodb/driver.ts';
import { memory } from '../../store/drivers/memory-driver.ts';
import { redis } from '../../store/redis/driver.ts';
import type { AppNeeds } from './app-needs.ts';
import { setting } from './cloudflare-settings.ts';
import type { PlatformFinding } from './finding.ts';
import { OPTIONAL_SECRETS } from './own-secrets.ts';
import { judgeVariables } from './variable-mistakes.ts';
import { STANDARD_STORE } from './standard-store.ts';

export interface WorkerSecret {
  name: string;
  /** It is put where its value is found, and missed where it is needed. `made`: it is made at random where nobody has one. */
  need: 'needed' | 'optional' | 'made';
}

/** Of ours, beside those of the store. */
const OPTIONAL = [...OPTIONAL_SECRETS, 'TIDEGATE_SECRET_PREVIOUS'] as const;
const STORE_SECRETS: Readonly<Record<string, readonly string[]>> = {
  redis: ['UPSTASH_REDIS_REST_URL', 'UPSTASH_REDIS_REST_TOKEN'],
  dynamodb: ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'],
};
/** Where the store is may stand in the open. */
const MAY_BE_SHOWN: ReadonlySet<string> = new Set(['UPSTASH_REDIS_REST_URL', 'AWS_ACCESS_KEY_ID']);
const KEPT_FOR_ITSELF: Readonly<Record<string, string>> = {
  memory: 'its data end with each isolate',
  sqlite: 'a Worker has no files',
};

/** @param variables as they stand in the open */
export function workerSecrets(
  { secrets }: Pick<AppNeeds, 'secrets'>,
  variables: Readonly<Record<string, unknown>>,
): WorkerSecret[] {
  const ofStore = STORE_SECRETS[storeWord(variables)] ?? [];
  const all: WorkerSecret[] = [
    ...secrets.map(({ name, optional }) => ({ name, need: optional ? ('optional' as const) : ('needed' as const) })),
    ...ofStore
      .filter((name) => !(MAY_BE_SHOWN.has(name) && name in variables))
      .map((name) => ({ name, need: 'needed' as const })),
    { name: 'TIDEGATE_SECRET', need: 'made' },
    ...OPTIONAL.map((name) => ({ name, need: 'optional' as const })),
  ];
  return [...new Map(all.toReversed().map((one) => [one.name, one])).values()].toReversed();
}

/** The word of `STORE`. */
export function storeWord(variables: Readonly<Record<string, unknown>>): string {
  const { STORE } = variables;
  return typeof STORE === 'string' && STORE !== '' ? STORE : 'redis';
}

interface WorkerVariables {
  app: App;
  needs: AppNeeds;
  /** As they stand in the open. */
  variables: Readonly<Record<string, unknown>>;
  /** Secrets that are there, or will be put: their values, null where those are not known. */
  secrets: ReadonlyMap<string, string | null>;
}

/** Mistakes of the variables, and where nobody said who may call. */
export function checkWorkerVariables({ app, needs, variables, secrets }: WorkerVariables): PlatformFinding[] {
  const known = workerSecrets(needs, variables);
  const shown = known
    .filter(({ name }) => Object.hasOwn(variables, name))
    .map(({ name }): PlatformFinding => ({
      level: 'error',
      field: name,
      message: `${name} is a secret, and stands under [vars] for everyone who reads the file or the dashboard`,
      fix: 'take it out: from the environment, .env or a question it is put as a secret. Make a new one if the file was shared',
    }));
  if (shown.length > 0) return shown;
  const store = storeWord(variables);
  const alone = KEPT_FOR_ITSELF[store];
  if (alone !== undefined) {
    const fix = 'STORE = "redis" under [vars], and a database that speaks Upstash’s REST protocol';
    return [{ level: 'error', field: 'STORE', message: `STORE is ${store}, and ${alone}`, fix }];
  }
  const drivers = [redis, memory, dynamodb];
  const isOwn = !drivers.some(({ name }) => name === store);
  const needed = known.filter(({ name, need }) => need !== 'optional' || secrets.has(name)).map(({ name }) => name);
  const { config, findings } = judgeVariables({
    app,
    // A driver of one's own is known to the Worker alone; what else is wrong is found all the same.
    open: isOwn ? { ...variables, STORE: 'memory' } : variables,
    secrets: new Map(needed.map((name) => [name, secrets.get(name) ?? null])),
    stores: { drivers, standard: STANDARD_STORE.workers },
    placeOf: (name) => `${name} under [vars]`,
  });
  if (config === null) return findings;
  const doubts = config.misspelt(needs.secrets.map(({ name }) => name)).map((one): PlatformFinding => ({
    level: 'advice',
    field: one.name,
    message: misspeltText(one),
    fix: `name it ${one.meant}, or take it out`,
  }));
  const isSaid = config.auth.modes.length > 0 || config.auth.saidNone;
  return [...(isSaid ? [] : [openToAll(app)]), ...(isOwn ? [ownStore(store)] : []), ...doubts, ...findings];
}

function ownStore(store: string): PlatformFinding {
  return {
    level: 'advice',
    field: 'STORE',
    message: `STORE is ${store}, a driver of your own, whose variables are not looked at`,
    fix: 'give it to createWorker as one of its stores',
  };
}

function openToAll({ name }: App): PlatformFinding {
  return {
    level: 'error',
    field: 'AUTH',
    message: `nothing says who may call ${name}, so everyone could`,
    fix: 'AUTH = "keys" under [vars] for keys of tidegate keys create, TIDEGATE_KEY for one key, or AUTH = "none" to say that everyone is meant',
    add: setting.variable('AUTH', 'keys'),
  };
}
