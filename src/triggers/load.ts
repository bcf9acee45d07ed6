/** Reads triggers that this process does not know yet, or that somebody else has stored since. */
import type { DeclaredTrigger } from '../declare/trigger.ts';
import { GET_MANY_LIMIT } from '../store/limits.ts';
import { isPresent, type Reading, type RecordKey } from '../store/store.ts';
import { isGap } from '../base/event.ts';
import type { Scope } from '../streams/scope.ts';
import { ofStream, ofStreamNamed } from '../streams/scope.ts';
import { keysThatPass, measuresEachKnown } from '../streams/ranges/known-keys.ts';
import { loggedEvent, streamLog } from '../streams/log/stream-log.ts';
import { arrived, newClock, type StreamClock } from './judging/clock.ts';
import { MOST_TRIGGER_KEYS } from './judging/keys.ts';
import type { Leaf } from './judging/plan.ts';
import type { StoredKey } from './judging/key-state.ts';
import { triggerKey, triggerPieceKey } from './names.ts';
import { triggerOwed, triggerPart, triggerRecord } from './record.ts';
import { planFor, type StandingTrigger, standingTrigger, type TriggerPieces } from './standing.ts';

/** A trigger that is new begins with what came in so long before, ms: a schedule may find it so much later. */
const BEGINS_MS = 60_000;

/** One store call for each 100 triggers, one for each 100 parts, and two for each stream that one of them did not watch before. */
export async function loadTriggers(scope: Scope, triggers: readonly DeclaredTrigger[]): Promise<StandingTrigger[]> {
  const { tenant, runtime } = scope;
  const readings = await readAll(
    scope,
    triggers.map(({ name }) => triggerKey(tenant, name)),
  );
  const wanted = triggers.flatMap(({ name }, index) => {
    const reading = readings[index];
    const { parts = {}, owedPieces = [] } = (reading && triggerRecord.read(reading)) ?? {};
    return [
      ...Object.values(parts).map((piece) => ({ name, piece, isOwed: false })),
      ...owedPieces.map((piece) => ({ name, piece, isOwed: true })),
    ];
  });
  const pieceReadings = await readAll(
    scope,
    wanted.map(({ name, piece }) => triggerPieceKey(tenant, name, piece)),
  );
  const pieces = new Map<string, TriggerPieces & { keys: StoredKey[] }>();
  for (const [index, { name, piece, isOwed }] of wanted.entries()) {
    const reading = pieceReadings[index];
    if (reading === undefined || !isPresent(reading)) continue;
    const own = pieces.get(name) ?? noPieces();
    own.versions.set(piece, reading.version);
    if (isOwed) own.owed.push({ id: piece, moments: triggerOwed.decode(reading.value) });
    else own.keys.push(...triggerPart.decode(reading.value));
    pieces.set(name, own);
  }
  const begun = new Map<string, StreamClock>();
  for (const [index, trigger] of triggers.entries()) {
    const reading = readings[index];
    const read = reading === undefined ? null : triggerRecord.read(reading);
    for (const stream of planFor(trigger).streams) {
      if (read?.clocks[stream] !== undefined || begun.has(stream)) continue;
      begun.set(stream, await beginning(scope, stream));
    }
  }
  const known = new Map<Leaf, string[]>();
  for (const [index, trigger] of triggers.entries()) {
    const reading = readings[index];
    if (reading === undefined) continue;
    for (const [leaf, keys] of await knownOf(scope, trigger, reading)) known.set(leaf, keys);
  }
  const now = runtime.now();
  return triggers.flatMap((trigger, index) => {
    const reading = readings[index];
    if (reading === undefined) return [];
    const own = pieces.get(trigger.name) ?? noPieces();
    const begin = (stream: string) => ({ ...(begun.get(stream) ?? newClock(null, now)) });
    return [standingTrigger(trigger, tenant, reading, own, begin, (leaf) => known.get(leaf) ?? [], now)];
  });
}

/**
 * The keys that a trigger which is new, or of another condition, knows from the beginning, where it measures the silence of each:
 * one that fell silent before is told as well. Store calls only where it does: one for each 1,000 keys.
 */
async function knownOf(scope: Scope, trigger: DeclaredTrigger, reading: Reading): Promise<[Leaf, string[]][]> {
  const plan = planFor(trigger);
  if (triggerRecord.read(reading)?.of === plan.of) return [];
  const known: [Leaf, string[]][] = [];
  for (const node of plan.nodes) {
    if (node.kind !== 'leaf' || node.condition.kind !== 'absence' || !measuresEachKnown(node.condition)) continue;
    const stream = scope.app.streams.get(node.stream);
    if (stream === undefined) continue;
    known.push([node, await keysThatPass(ofStream(scope, stream), stream, node.condition, MOST_TRIGGER_KEYS)]);
  }
  return known;
}

function noPieces(): TriggerPieces & { keys: StoredKey[] } {
  return { keys: [], owed: [], versions: new Map() };
}

async function readAll({ store, runtime }: Scope, keys: readonly RecordKey[]) {
  const readings = [];
  for (let from = 0; from < keys.length; from += GET_MANY_LIMIT) {
    readings.push(...(await store.getMany(keys.slice(from, from + GET_MANY_LIMIT), runtime.now())));
  }
  return readings;
}

/** Where a trigger begins to read a stream, and how far the stream is behind the clock there. */
async function beginning(scope: Scope, stream: string): Promise<StreamClock> {
  const { store, runtime } = scope;
  const { tenant } = ofStreamNamed(scope, stream);
  const log = streamLog(tenant, stream);
  const now = runtime.now();
  const head = await store.seek(log, now - BEGINS_MS);
  const clock = newClock(head, now);
  if (head === null) return clock;
  const { entries } = await store.last(log, 1, head);
  const [entry] = entries;
  if (entry === undefined) return clock;
  const event = loggedEvent.read(entry);
  if (!isGap(event)) arrived(clock, Math.min(event.time, entry.appendedAt), entry.appendedAt);
  clock.knownTo = entry.appendedAt;
  return clock;
}
