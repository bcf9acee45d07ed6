/**
 * Puts a backup into a store of any driver. It reads the whole of it first, so that one which was cut or is of a newer release changes
 * nothing; then it writes records, then logs. It notes that it has begun, so an interrupted restore of the same backup goes on, and
 * nothing else takes what is there for whole. Logs keep their places and append times, and get other epochs (`epochs.ts`).
 */
import { TidegateError } from '../../base/errors.ts';
import { commitSurely } from '../../store/commit.ts';
import { transferOf } from '../../store/driver.ts';
import { isPresent, type StoreTransfer } from '../../store/store.ts';
import type { Deps } from '../../streams/deps.ts';
import { refuseHalfRestored, RESTORE_KEY } from '../../streams/half-restored.ts';
import { PRESENCE_PARTITION, refusePresent } from '../../streams/presence.ts';
import { type ClearOptions, clearStore } from './clear.ts';
import { refuseChanged } from './continued.ts';
import { type KeptAudit, keepAudit } from './kept-audit.ts';
import { mapEpochs, newEpochs } from './epochs.ts';
import { createLogFiller } from './fill-logs.ts';
import { refuseFilled } from './filled.ts';
import { type BackupCounts, type BackupHead, damaged, readBlocks } from './format.ts';
import { heldForm } from './held.ts';
import { holdReactions } from './hold-reactions.ts';
import { HELD_PARTITION, isLogOf, isRecordOf } from './kinds.ts';
import { type Looked, lookThrough } from './look-through.ts';
import { heldKey, heldRecord, type RestoreState, restoreState, toHeld } from './state.ts';
import { createRecordWriter, type RecordWriter } from './write-records.ts';

interface RestoreOptions {
  /** Opens the backup at its beginning; called twice. Chunks are cut anywhere. */
  open: () => AsyncIterable<string>;
  /** Removes what is in the store first, also what an interrupted restore left. */
  replace: boolean;
  /** Goes on although the app runs on the store. */
  evenIfRunning: boolean;
  /** Holds deliveries and due tasks until `resumeStore`. */
  hold: boolean;
  progress: (done: number, total: number | null, unit: string) => void;
  /** Breaks it off. Begun again it goes on. */
  signal: AbortSignal;
}

export interface RestoreReport extends BackupCounts {
  head: BackupHead;
  /** Records that are held until it is resumed. */
  held: number;
  /** Whether it went on with one that was interrupted. */
  continued: boolean;
}

/**
 * @throws TidegateError `invalid_input` for a backup that is damaged, or of another app, for a store that holds data, and for one on which
 * the app runs; `newer_version`;
 * what the store throws. Begun again with the same backup it goes on.
 */
export async function restoreStore(deps: Deps, options: RestoreOptions): Promise<RestoreReport> {
  const { store, runtime, app } = deps;
  const transfer = await transferOf(store);
  const looked = await lookThrough(options);
  const { head, counts, sum } = looked;
  if (head.app !== app.name) {
    throw new TidegateError('invalid_input', `the backup is of the app ${head.app}, and this one is ${app.name}`, {
      field: '--app',
      expected: 'the app that the data belong to',
    });
  }
  // A tenant's file is filled in beside what the others do.
  if (head.tenant === null && !options.evenIfRunning) await refusePresent(deps, '--even-if-running');
  const begun = restoreState.read(await store.get(RESTORE_KEY, runtime.now()));
  const continued = !options.replace && begun !== null && begun.stage !== 'held' && begun.sum === sum;
  // A tenant's file fills, and replaces, what is that tenant's own.
  if (head.tenant !== null && !continued) await refuseHalfRestored(store, runtime);
  if (!continued && !options.replace) await refuseFilled(deps, transfer, head.tenant);
  const state: RestoreState = continued ? begun : { sum, id: runtime.newId(), stage: 'writing', at: runtime.now() };
  const writer = createRecordWriter(deps);
  const kept = await keepAudit(deps, transfer, options.signal);
  const cleared = continued ? begun.stage === 'clearing' : options.replace;
  if (cleared) {
    // The mark is there before anything is gone, and what is gone last is everything but the mark.
    await note(writer, { ...state, stage: 'clearing' });
    const { tenant } = head;
    const taken: ClearOptions['taken'] = tenant === null ? isNoMark : (record) => isRecordOf(tenant, record);
    const logs: ClearOptions['logs'] = (log) => !kept.has(log) && (tenant === null || isLogOf(tenant, log));
    await clearStore(deps, transfer, { ...options, taken, logs });
  }
  await note(writer, { ...state, stage: 'writing' });
  const isStanding = continued && !cleared;
  if (isStanding) await refuseChanged(deps, looked.epochs, state, options);
  const held = await write(deps, transfer, writer, looked, state, { ...options, isStanding, kept });
  await writer.flush();
  // What a copy held before goes on to be held.
  const isHeld = held > 0 || (head.tenant !== null && (await holdsAny(deps)));
  if (isHeld) await note(writer, { ...state, stage: 'held' });
  if (!isHeld) await forget(deps);
  return { head, ...counts, held, continued };
}

async function holdsAny({ store, runtime }: Deps): Promise<boolean> {
  const { records } = await store.list(HELD_PARTITION, { now: runtime.now(), limit: 1 });
  return records.length > 0;
}

function isNoMark({ partition }: { partition: string }): boolean {
  return partition !== RESTORE_KEY.partition && partition !== PRESENCE_PARTITION;
}

async function note(writer: RecordWriter, state: RestoreState): Promise<void> {
  await writer.put(RESTORE_KEY, restoreState.encode(state), {});
  await writer.flush();
}

/** Deletes the note of a restore. */
async function forget({ store, runtime }: Deps): Promise<void> {
  const reading = await store.get(RESTORE_KEY, runtime.now());
  if (!isPresent(reading)) return;
  const { partition, id, version } = reading;
  await commitSurely(runtime, store, [{ kind: 'delete', partition, id, expects: version }], runtime.now() + 10_000);
}

/** Answers how many records are held. */
async function write(
  deps: Deps,
  transfer: StoreTransfer,
  writer: RecordWriter,
  { head, epochs: former, counts, sum }: Looked,
  { id, at }: RestoreState,
  { open, hold, progress, signal, isStanding, kept }: RestoreOptions & { isStanding: boolean; kept: KeptAudit },
): Promise<number> {
  const epochs = newEpochs(former, id);
  const total = counts.records + counts.entries;
  let held = 0;
  let done = 0;
  // Triggers are the app's: another tenant's file changes nothing of them.
  let isHeldBack = !hold || head.tenant !== null;
  const logs = createLogFiller({ app: deps.app, store: deps.store, transfer, epochs, id, isStanding, kept });
  for await (const part of readBlocks(open())) {
    signal.throwIfAborted();
    if (part.kind === 'record' && kept.isIndex(part.record)) done += 1;
    else if (part.kind === 'record') {
      const form = heldForm(mapEpochs(part.record as never, epochs), at, hold);
      const aside = toHeld(form);
      // What is held is stored before what it stands for, so that no interruption forgets it.
      if (aside !== null) await writer.put(heldKey(aside), heldRecord.encode(aside), {});
      if (form.standing !== null) {
        const { value, expiresAt, due } = form.standing;
        await writer.put(form.standing, value, { expiresAt, due });
      }
      held += aside === null ? 0 : 1;
      done += 1;
    } else if (part.kind === 'log') {
      if (!isHeldBack) held += await holdReactions(deps, writer, at);
      isHeldBack = true;
      await writer.flush();
      await logs.begin(part);
    } else if (part.kind === 'entries') {
      await logs.add(part.entries);
      done += part.entries.length;
    } else if (part.kind === 'end' && part.sum !== sum) throw damaged('it changed while it was read');
    if (part.kind !== 'head') progress(done, total, 'restored');
  }
  logs.end();
  if (!isHeldBack) held += await holdReactions(deps, writer, at);
  return held;
}
