/**
 * What appends to logs in one commit with a position of its own: feeds, triggers and alarms. Of such a one the backup needs a moment in
 * which its records and the ends of its logs fit each other. It is read between two looks at these ends, and again until they are
 * equal. Alarms follow triggers, and triggers the streams of feeds, so they are read in this order: no position lies beyond an end.
 */
import { alarmPartition, ALARMS_LOG } from '../../triggers/alarms/records.ts';
import { triggerKey } from '../../triggers/names.ts';
import { feedKey } from '../../feeds/records/state.ts';
import { isPresent, type Cursor, type RecordKey, type StoredRecord } from '../../store/store.ts';
import { listAll } from '../../store/list-all.ts';
import type { Deps } from '../../streams/deps.ts';
import { positionKey } from '../../streams/log/follower.ts';
import { streamLog } from '../../streams/log/stream-log.ts';
import { namedKind } from './kinds.ts';
import type { BackedUp } from './format.ts';

/** Where one of a kind stands. */
interface Writer {
  kind: 'alarms' | 'trigger' | 'feed';
  tenant: string;
  name: string;
}

/** By their names, as they were met among the records. */
export type Writers = Map<string, Writer>;

const ORDER = ['alarms', 'trigger', 'feed'] as const;
/** How often one that never stands still is read before it is taken as it is. */
const MOST_LOOKS = 50;
const PAUSE_MS = 5;

/** Whether a record is read with the writer that it belongs to, which is noted. */
export function isOfWriter({ partition, id }: RecordKey, writers: Writers): boolean {
  const writer = writerOf(partition, id);
  if (writer !== null) writers.set(JSON.stringify(Object.values(writer)), writer);
  return writer !== null;
}

function writerOf(partition: string, id: string): Writer | null {
  const { tenant, kind, rest } = namedKind(partition);
  if (kind === 'feed' && rest === '') return { kind: 'feed', tenant, name: id };
  if (kind === 'trigger' && rest === '') return { kind: 'trigger', tenant, name: id };
  if (kind === 'trigger-part') return { kind: 'trigger', tenant, name: rest };
  if (kind === 'alarms') return { kind: 'alarms', tenant, name: rest };
  const log = kind === 'position' && rest === 'alarms' ? /^[^/]+\/stream\/trigger\.(.+)$/s.exec(id) : null;
  return log === null ? null : { kind: 'alarms', tenant, name: log[1] ?? '' };
}

/**
 * Their records, each writer's at one moment.
 * @param ends gets the end of each log that one of them writes, as it was at that moment
 */
export async function* readWriters(
  deps: Deps,
  writers: Writers,
  ends: Map<string, Cursor | null>,
): AsyncGenerator<BackedUp> {
  for (const kind of ORDER) {
    for (const writer of writers.values()) if (writer.kind === kind) yield* await readWriter(deps, writer, ends);
  }
}

async function readWriter(deps: Deps, writer: Writer, ends: Map<string, Cursor | null>): Promise<BackedUp[]> {
  const { runtime } = deps;
  const logs = logsOf(deps, writer);
  for (let looks = 1; ; looks += 1) {
    const before = await endsOf(deps, logs);
    const [records, versions] = await recordsOf(deps, writer);
    const after = await endsOf(deps, logs);
    const [, again] = writer.kind === 'alarms' ? await recordsOf(deps, writer) : [records, versions];
    const isStill = JSON.stringify([before, versions]) === JSON.stringify([after, again]);
    if (isStill || looks >= MOST_LOOKS) {
      if (!isStill)
        runtime.log('warn', 'it never stood still while it was read: some of its events may come twice', { ...writer });
      // One that several write ends where the last of them was read.
      for (const [index, log] of logs.entries()) if (after[index]) ends.set(log, after[index] ?? null);
      return records;
    }
    await runtime.sleep(PAUSE_MS * runtime.random() * looks);
  }
}

function endsOf({ store }: Deps, logs: readonly string[]): Promise<(Cursor | null)[]> {
  return Promise.all(logs.map(async (log) => (await store.extent(log)).end));
}

/** What it writes, as far as the app declares it. Where events name their tenants nobody knows all logs. */
function logsOf({ app }: Deps, { kind, tenant, name }: Writer): string[] {
  if (kind === 'alarms') return [streamLog(tenant, ALARMS_LOG)];
  if (kind === 'trigger') return [streamLog(tenant, `trigger.${name}`)];
  const feed = app.feeds.get(name);
  if (feed === undefined || feed.namesTenants) return [];
  const streams = feed.targets.map(({ stream }) => stream);
  return [...streams.map((stream) => streamLog(tenant, stream)), `${tenant}/dead/${name}`];
}

async function recordsOf(deps: Deps, { kind, tenant, name }: Writer): Promise<[StoredRecord[], string]> {
  const { store, runtime } = deps;
  const records: StoredRecord[] = [];
  const one = async (key: RecordKey) => {
    const reading = await store.get(key, runtime.now());
    if (isPresent(reading)) records.push(reading);
  };
  const all = async (partition: string) => {
    for await (const page of listAll(deps, partition)) records.push(...page);
  };
  if (kind === 'feed') await one(feedKey(tenant, name));
  else if (kind === 'trigger') {
    await one(triggerKey(tenant, name));
    await all(`${tenant}/trigger-part/${name}`);
  } else {
    await one(positionKey(tenant, 'alarms', streamLog(tenant, `trigger.${name}`)));
    await all(alarmPartition(tenant as never, name));
  }
  return [records, records.map(({ version }) => version).join(' ')];
}
