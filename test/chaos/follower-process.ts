/**
 * Follows a log that others append to, from `go` until `stop`, in one of two ways: `read` reads on from a cursor that it
 * keeps in a record, and asks the record for it each time; `follow` is the follower of the streams. Either tells what it
 * saw in a log of its own,
 * written in the commit that moves its cursor. Settings come as JSON in the first argument.
 */
import { openStore, readConfig } from '../../src/store/drivers/open.ts';
import { nodeRuntime } from '../../src/hosts/node/runtime.ts';
import { commitSurely } from '../../src/store/commit.ts';
import { type Cursor, isPresent, type LogEntry, type Operation } from '../../src/store/store.ts';
import { follow, type Round } from '../../src/streams/log/follower.ts';
import type { Numbered } from './appender.ts';
import { onOrders } from './orders.ts';
import { scopeOfLogs } from '../../src/streams/scope.ts';

export interface FollowerSettings {
  environment: Record<string, string>;
  log: string;
  /** The log in which it tells what it saw. */
  sightings: string;
  way: 'read' | 'follow';
}

/** An entry as a follower saw it. */
export interface Sighting extends Numbered {
  cursor: Cursor;
  appendedAt: number;
  /** It was the first of a page that said that entries before it are gone. */
  truncated: boolean;
}

/** Small, so that pages end in the midst of what is being appended. */
const PAGE = 50;
const IDLE_MS = 5;
const ROUND_WITHIN_MS = 60_000;

const settings = JSON.parse(process.argv[2] ?? '{}') as FollowerSettings;
const { log, sightings, way } = settings;
const runtime = nodeRuntime(() => {});
const store = await openStore(readConfig(settings.environment, 'sqlite'), runtime, 'followers');
const orders = onOrders();

function begin(): Round & { operations(): Operation[] } {
  const seen: Sighting[] = [];
  const operations = (): Operation[] => {
    return seen.length === 0 ? [] : [{ kind: 'append', log: sightings, entries: seen.map((each) => ({ ...each })) }];
  };
  return {
    take(entries: readonly LogEntry[], truncated: boolean) {
      for (const [index, { value, cursor, appendedAt }] of entries.entries()) {
        const { by, n } = value as unknown as Numbered;
        seen.push({ by, n, cursor, appendedAt, truncated: truncated && index === 0 });
      }
    },
    operations,
    effects: async () => operations(),
  };
}

/** Answers how many entries there were. */
async function readOn(): Promise<number> {
  const key = { partition: 'cursors', id: log };
  const reading = await store.get(key, runtime.now());
  const after = isPresent(reading) ? (reading.value as { cursor: Cursor | null }).cursor : null;
  const page = await store.read(log, after, PAGE);
  if (page.entries.length === 0) return 0;
  const round = begin();
  round.take(page.entries, page.truncated, page.floor);
  const put = { kind: 'put', ...key, value: { cursor: page.cursor }, expects: reading.version } as const;
  const result = await commitSurely(runtime, store, [put, ...round.operations()], runtime.now() + ROUND_WITHIN_MS);
  if (result.status !== 'committed') throw new Error('a cursor that nobody else moves met a conflict');
  return page.entries.length;
}

async function followOn(): Promise<number> {
  const deadline = runtime.now() + ROUND_WITHIN_MS;
  const common = {
    scope: scopeOfLogs({ store, runtime }, { tenant: 'public' }),
    repeatable: false,
    limit: PAGE,
  } as const;
  const { entries } = await follow({ ...common, log, follower: 'run', begin, deadline });
  return entries;
}

await orders.go;
while (!orders.stopped()) {
  const entries = await (way === 'read' ? readOn() : followOn());
  await runtime.sleep(entries === 0 ? IDLE_MS : 0);
}
await store.close();
process.disconnect();
