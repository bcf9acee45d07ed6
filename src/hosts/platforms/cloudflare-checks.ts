/** What of an app would not work on Cloudflare Workers with the settings that its folder has, and what its bundle would be refused for. Pure. */
import { isAddress, isLocalName, refusedRange } from '../../net/address.ts';
import type { AppNeeds } from './app-needs.ts';
import { queueNamesOf, workerNameExpected } from './cloudflare-names.ts';
import { COMPATIBILITY_DATE, EVERY_MINUTE, LEAST_DATE, NODE_FLAG, setting } from './cloudflare-settings.ts';
import type { PlatformFinding } from './finding.ts';

/** The settings of one environment, as wrangler reads them. */
export interface WorkerSettings {
  name: string;
  /** Whether it names an entry that is a file. */
  hasEntry: boolean;
  date: string | null;
  flags: readonly string[];
  /** Null: it says nothing of them, and those of an earlier deployment stay. */
  crons: readonly string[] | null;
  variables: Readonly<Record<string, unknown>>;
  producers: readonly { binding: string; queue: string }[];
  consumers: readonly { queue: string; dead_letter_queue?: string | undefined }[];
  /** Names of the bindings that limit rates. */
  rates: readonly string[];
  aliases: readonly string[];
  /** Whether functions and classes keep their names where the code is minified, which wrangler does by itself. */
  keepsNames: boolean;
  /** Names of bindings of a Secrets Store. */
  storedSecrets: readonly string[];
}

/** Kinds of feeds that only functions of AWS have. */
const HANDED: ReadonlySet<string> = new Set(['sqs', 'kinesis', 'iot', 'eventbridge']);
/** Cron triggers that an account may have on the smallest plan. */
const FREE_CRONS = 5;

/** @param withQueue false: whoever deploys wants none */
export function checkWorkerSettings(
  needs: AppNeeds,
  settings: WorkerSettings,
  withQueue: boolean,
  today: string,
): PlatformFinding[] {
  const { name, date, flags, hasEntry, aliases, rates, storedSecrets } = settings;
  const hasQueue = needs.queue && withQueue;
  const found: (PlatformFinding | null)[] = [
    nameProblem(name, hasQueue),
    hasEntry
      ? null
      : {
          ...error('main', 'the entry is not there', 'main names the file with export default createWorker(app)'),
          add: setting.main(),
        },
    dateProblem(date, today),
    flags.includes(NODE_FLAG)
      ? null
      : needs.feedKinds.includes('mqtt')
        ? {
            ...error(
              'compatibility_flags',
              `${NODE_FLAG} is not among the flags, and MQTT feeds need it`,
              `compatibility_flags = ["${NODE_FLAG}"]`,
            ),
            add: setting.flag(),
          }
        : null,
    ...cronProblems(needs, settings.crons),
    ...(hasQueue ? queueProblems(settings) : []),
    rates.includes('RATE_LIMIT')
      ? null
      : {
          ...advice('ratelimits', 'nothing bounds what one address may ask', 'bind RATE_LIMIT'),
          add: setting.rate(name),
        },
    aliases.includes(setting.alias().path[1] ?? '')
      ? null
      : {
          ...advice(
            'alias',
            'the bundle carries a JSON Schema validator of the SDK that is not used',
            'an alias leaves it out',
          ),
          add: setting.alias(),
        },
    settings.keepsNames
      ? {
          ...advice(
            'keep_names',
            'the bundle carries the name of each function, a tenth of it',
            'keep_names = false where nothing of the app asks for .name',
          ),
          add: setting.names(),
        }
      : null,
    ...storedSecrets.map((one) =>
      error(one, `${one} is bound to a Secrets Store, which is no text`, 'put it as a secret of the Worker itself'),
    ),
  ];
  return found.filter((one) => one !== null);
}

function nameProblem(name: string, hasQueue: boolean): PlatformFinding | null {
  const expected = workerNameExpected(name, hasQueue);
  return expected === null ? null : error('name', `the Worker’s name ${name} is refused`, `name: expected ${expected}`);
}

function dateProblem(date: string | null, today: string): PlatformFinding | null {
  if (date === null) {
    return {
      ...error('compatibility_date', 'it is missing', `compatibility_date = "${COMPATIBILITY_DATE}"`),
      add: setting.date(),
    };
  }
  if (date < LEAST_DATE)
    return error(
      'compatibility_date',
      `${date} is too early for Node’s modules`,
      `a date from ${LEAST_DATE} on, such as ${COMPATIBILITY_DATE}`,
    );
  return date > today
    ? error('compatibility_date', `${date} is still to come, and the platform refuses it`, `a date up to ${today}`)
    : null;
}

function cronProblems({ schedule }: AppNeeds, crons: readonly string[] | null): (PlatformFinding | null)[] {
  if (!schedule) return [];
  const given = crons ?? [];
  const many = `${given.length} cron triggers, and the free plan has ${FREE_CRONS} an account`;
  const isMissing = !given.includes(EVERY_MINUTE);
  const why = 'nothing drains feeds, keeps retention and finds tasks that are due once a minute';
  return [
    isMissing
      ? { ...error('triggers.crons', why, `"${EVERY_MINUTE}" among the crons under [triggers]`), add: setting.cron() }
      : null,
    given.length + Number(isMissing) > FREE_CRONS
      ? advice('triggers.crons', many, 'take out those that are not needed, or take the paid plan')
      : null,
  ];
}

function queueProblems({ name, producers, consumers }: WorkerSettings): (PlatformFinding | null)[] {
  const { tasks, dead } = queueNamesOf(name);
  const queue = producers.find(({ binding }) => binding === 'TASKS')?.queue ?? null;
  const consumer = consumers.find((one) => one.queue === (queue ?? tasks));
  const none = '--no-queue where a minute’s delay is enough';
  const foreign = producers.find((one) => one.binding !== 'TASKS' && one.queue === tasks);
  return [
    queue === null
      ? {
          ...error('queues.producers', 'tasks and deliveries go on later, and no queue is bound as TASKS', none),
          add: setting.producer(tasks),
        }
      : null,
    consumer === undefined
      ? {
          ...error('queues.consumers', `nothing takes messages out of the queue ${queue ?? tasks}`, none),
          add: setting.consumer(queue ?? tasks, dead),
        }
      : null,
    consumer !== undefined && consumer.dead_letter_queue === undefined
      ? advice(
          'queues.consumers',
          `messages of ${consumer.queue} that were tried in vain are thrown away`,
          `dead_letter_queue = "${dead}" of that consumer`,
        )
      : null,
    foreign === undefined
      ? null
      : error('queues.producers', `${tasks} is bound as ${foreign.binding}`, 'bind it as TASKS'),
  ];
}

/** Feeds that read from where no Worker reaches, and what is lost between their bursts. */
export function checkWorkerFeeds({ sources, losing, asking }: AppNeeds): PlatformFinding[] {
  return [
    ...asking.map(({ feed, option }) =>
      error(
        `feeds.${feed}.${option}`,
        'a Worker cannot say it on a connection of its own',
        'a broker with a certificate of a public authority that asks its clients for none, or a host on Node',
      ),
    ),
    ...sources
      .filter(({ kind }) => HANDED.has(kind))
      .map(({ feed, kind }) =>
        error(
          `feeds.${feed}`,
          `the feed is handed its records by AWS (${kind}), and nothing hands them to a Worker`,
          'take what comes by push (POST /ingest/<stream>), or deploy this app with tidegate deploy aws',
        ),
      ),
    ...sources.flatMap(({ feed, source }) => {
      const reason = unreached(source);
      return reason === null
        ? []
        : [
            error(
              `feeds.${feed}`,
              `${source} is ${reason}`,
              'a public address, or a host that reaches the source, with tidegate start',
            ),
          ];
    }),
    ...losing.map(({ feed, what, fix }) => advice(`feeds.${feed}`, what, fix)),
  ];
}

function unreached(source: string): string | null {
  const url = URL.parse(source);
  if (url === null || url.hostname === '') return null;
  // A host in brackets is parsed as it is for the schemes that the platform knows alone.
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const range = isAddress(host) ? refusedRange(host) : isLocalName(host) ? 'local' : null;
  if (range !== null) return `a ${range} address, and Workers reach public ones alone`;
  return url.port === '25' ? 'at port 25, which Workers do not reach' : null;
}

function error(field: string, message: string, fix: string): PlatformFinding {
  return { level: 'error', field, message, fix };
}

function advice(field: string, message: string, fix: string): PlatformFinding {
  return { level: 'advice', field, message, fix };
}
