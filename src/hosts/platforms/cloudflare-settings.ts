/**
 * What `wrangler.toml` or `wrangler.jsonc` has to say for an app: the settings that are missing, as additions with their paths, and
 * the whole text where there is no file yet. It reads and writes nothing. Pure.
 */
import type { Json } from '../../base/json.ts';
import type { AppNeeds } from './app-needs.ts';
import { queueNamesOf, rateNamespaceOf } from './cloudflare-names.ts';

/** One setting that is to be added. Where `isElement`, the value is a further element of the list at that path. */
export interface Addition {
  path: readonly string[];
  value: Json;
  isElement: boolean;
}

/** The date of the platform's behaviour with which the tests pass, and the first one with which Node's modules are there. */
export const COMPATIBILITY_DATE = '2026-10-01';
export const LEAST_DATE = '2024-09-23';
export const NODE_FLAG = 'nodejs_compat';
/** Once a minute. */
export const EVERY_MINUTE = '* * * * *';
/** How the entry is called that is written where there is none. */
export const ENTRY_FILE = 'worker.ts';

/** The SDK's own file brings a JSON Schema validator that is not used: 7 KiB gzipped. */
const ALIAS = { path: ['alias', '@modelcontextprotocol/server/_shims'], value: 'tidegate/worker/shims' } as const;
/** What wakes work that goes on later is tried so often before it is a dead letter; the schedule finds what it was for. */
const MOST_RETRIES = 5;

export const setting = {
  main: (): Addition => ({ path: ['main'], value: ENTRY_FILE, isElement: false }),
  date: (): Addition => ({ path: ['compatibility_date'], value: COMPATIBILITY_DATE, isElement: false }),
  flag: (): Addition => ({ path: ['compatibility_flags'], value: NODE_FLAG, isElement: true }),
  alias: (): Addition => ({ ...ALIAS, isElement: false }),
  names: (): Addition => ({ path: ['keep_names'], value: false, isElement: false }),
  cron: (): Addition => ({ path: ['triggers', 'crons'], value: EVERY_MINUTE, isElement: true }),
  variable: (name: string, value: string): Addition => ({ path: ['vars', name], value, isElement: false }),
  producer: (queue: string): Addition => ({
    path: ['queues', 'producers'],
    value: { binding: 'TASKS', queue },
    isElement: true,
  }),
  consumer: (queue: string, dead: string): Addition => ({
    path: ['queues', 'consumers'],
    value: { queue, max_batch_timeout: 0, max_retries: MOST_RETRIES, dead_letter_queue: dead },
    isElement: true,
  }),
  rate: (worker: string): Addition => ({
    path: ['ratelimits'],
    value: { name: 'RATE_LIMIT', namespace_id: rateNamespaceOf(worker), simple: { limit: 300, period: 10 } },
    isElement: true,
  }),
};

/** What environments of wrangler take over from the settings above them; all others each environment says anew. */
export const INHERITED: ReadonlySet<string> = new Set([
  'main',
  'compatibility_date',
  'compatibility_flags',
  'alias',
  'keep_names',
  'triggers',
]);

interface NewFile {
  worker: string;
  /** A word of `AUTH`. */
  auth: string;
  /** A word of `STORE`. */
  store: string;
  /** Of wrangler's, beside the settings without a name. Null: none. */
  environment: string | null;
}

/** The text of `wrangler.toml` for a folder that has none. */
export function wranglerToml(needs: Pick<AppNeeds, 'schedule' | 'queue'>, given: NewFile): string {
  const { worker, auth, store, environment } = given;
  const named =
    environment === null
      ? ''
      : bound(needs, { worker: `${worker}-${environment}`, auth, store }, `env.${environment}.`);
  const inherited = `# What npx tidegate deploy cloudflare deploys.
name = "${worker}"
main = "${ENTRY_FILE}"
compatibility_date = "${COMPATIBILITY_DATE}"
# MQTT feeds take packets apart with Buffer.
compatibility_flags = ["${NODE_FLAG}"]
minify = true
# Nothing asks functions and classes for their names, which would be a tenth of the code.
keep_names = false
upload_source_maps = true

# Without a JSON Schema validator of the SDK, which is not used.
[alias]
"${ALIAS.path[1]}" = "${ALIAS.value}"
${needs.schedule ? `\n# Feeds are drained, and retention is kept, once a minute.\n[triggers]\ncrons = ["${EVERY_MINUTE}"]\n` : ''}
[observability]
enabled = true
`;
  return `${inherited}${bound(needs, { worker, auth, store }, '')}${named}`;
}

/** What each environment says for itself. @param prefix of the names of its tables */
function bound(
  { queue }: Pick<AppNeeds, 'queue'>,
  { worker, auth, store }: Omit<NewFile, 'environment'>,
  prefix: string,
): string {
  const { tasks, dead } = queueNamesOf(worker);
  const queues = `
# Wakes tasks and deliveries when it is time; what was tried in vain goes to the second one, and the schedule finds what it was for.
[[${prefix}queues.producers]]
binding = "TASKS"
queue = "${tasks}"
[[${prefix}queues.consumers]]
queue = "${tasks}"
max_batch_timeout = 0
max_retries = ${MOST_RETRIES}
dead_letter_queue = "${dead}"
`;
  return `${queue ? queues : ''}
# What one address may ask in ten seconds; what is beyond is answered with 429. The period may be 60.
[[${prefix}ratelimits]]
name = "RATE_LIMIT"
namespace_id = "${rateNamespaceOf(worker)}"
simple = { limit = 300, period = 10 }

# No secrets: npx tidegate deploy cloudflare puts those where they belong.
[${prefix}vars]
STORE = "${store}"
# Who may call: keys of npx tidegate keys create. Also oauth with OAUTH_ISSUER and PUBLIC_URL, or none for everyone.
AUTH = "${auth}"
`;
}

/** The text of the entry for a folder that has none. @param appFile as the entry imports it, such as `./app.ts` */
export function workerEntry(appFile: string): string {
  return `/** What Cloudflare Workers calls. */
import { createWorker } from 'tidegate/worker';
import app from '${appFile}';

export default createWorker(app);
`;
}
