/** The arguments of `npm run cost`. */
import { parseArgs } from 'node:util';
import { type Platform, PLATFORMS, type StoreName, STORES } from './bill.ts';
import { POLLS, USUAL, type Workload } from './workload.ts';

export const USAGE = `npm run cost -- [options]    what a month costs, from measured calls and the prices of test/cost/prices.ts

  --agents 1e3        agents that poll
  --every 60          seconds between two polls of an agent
  --ask read_latest   how they poll: ${POLLS.join(', ')}
  --events 10         events a second that the feed brings
  --feed 60           seconds between two pulls of the feed, 60 at least
  --platform workers  ${PLATFORMS.join(', ')}
  --store redis       ${STORES.join(', ')}; default: redis on workers, dynamodb on lambda, sqlite on node

  --check             runs virtual hours of real code beside the model; needs redis-server and java
  --measure           measures the parts anew, into test/cost/measured.json; needs redis-server and java
  --write             writes the table and the picture of README.md`;

const STANDARD: Readonly<Record<Platform, StoreName>> = { workers: 'redis', lambda: 'dynamodb', node: 'sqlite' };

export interface Options {
  does: 'bill' | 'check' | 'measure' | 'write' | 'help';
  workload: Workload;
  platform: Platform;
  store: StoreName;
}

/** @throws Error that names the option and what was expected */
export function readOptions(args: readonly string[]): Options {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      agents: text,
      every: text,
      ask: text,
      events: text,
      feed: text,
      platform: text,
      store: text,
      check: flag,
      measure: flag,
      write: flag,
      help: flag,
    },
  });
  const platform = oneOf('platform', values.platform ?? 'workers', PLATFORMS);
  const does = (['help', 'check', 'measure', 'write'] as const).find((name) => values[name] === true) ?? 'bill';
  const store = oneOf('store', values.store ?? STANDARD[platform], STORES);
  if (store === 'sqlite' && platform !== 'node')
    throw new Error('--store: sqlite is on the disk of a server: --platform node');
  const seconds = (name: 'every' | 'feed', least: number, standard: number) =>
    1_000 * number(name, values[name], least, standard);
  return {
    does,
    platform,
    store,
    workload: {
      agents: number('agents', values.agents, 1, USUAL.agents),
      poll: oneOf('ask', values.ask ?? USUAL.poll, POLLS),
      pollMs: seconds('every', 1, USUAL.pollMs / 1_000),
      eventsPerSecond: number('events', values.events, 0, USUAL.eventsPerSecond),
      feedMs: seconds('feed', 60, USUAL.feedMs / 1_000),
    },
  };
}

function number(name: string, given: string | undefined, least: number, standard: number): number {
  if (given === undefined) return standard;
  const value = Number(given);
  if (Number.isFinite(value) && value >= least) return value;
  throw new Error(`--${name}: expected a number, ${least} at least, found ${given}`);
}

function oneOf<Name extends string>(name: string, given: string, known: readonly Name[]): Name {
  const found = known.find((each) => each === given);
  if (found !== undefined) return found;
  throw new Error(`--${name}: expected ${known.join(', ')}, found ${given}`);
}
