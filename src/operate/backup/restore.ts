/**
 * Puts a backup into a store of any driver. It reads the whole of it first, so that one which was cut or is of a newer release changes
 * nothing; then it writes records, then logs. It notes that it has begun, so an interrupted restore of the same backup goes on, and
 * nothing else takes what is there for whole. Logs keep their places and append times, and get other epochs (`epochs.ts`).
 */
import { TidegateError } from '../../base/errors.ts';
import { APP_TENANT } from '../../base/principal.ts';
import { commitSurely } from '../../store/commit.ts';
import { decodeCursor, epochOf } from '../../store/cursor.ts';
import { transferOf } from '../../store/driver.ts';
import { isPresent, type StoreTransfer } from '../../store/store.ts';
import type { App } from '../../declare/app.ts';
import type { Deps } from '../../streams/deps.ts';
import { hintsLog } from '../../streams/hints.ts';
import { streamLog } from '../../streams/log/stream-log.ts';
import { auditLogOf } from '../../auth/audit/stream.ts';
import { reactionNotes, reactionsKey } from '../../triggers/reaction-notes.ts';
import { clearStore } from './clear.ts';
import { mapEpochs } from './epochs.ts';
import { type BackupCounts, type BackupHead, type BackupPart, damaged, readBlocks } from './format.ts';
import { heldForm } from './held.ts';
import { heldKey, heldRecord, RESTORE_KEY, type RestoreState, restoreState, toHeld } from './state.ts';
import { createRecordWriter, type RecordWriter } from './write-records.ts';

export interface RestoreOptions {
  /** Opens the backup at its beginning; called twice. Chunks are cut anywhere. */
  open: () => AsyncIterable<string>;
  /** Removes what the app has in the store first. */
  replace: boolean;
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

/** What the first reading finds out. */
interface Looked {
  head: BackupHead;
  counts: BackupCounts;
  sum: string;
  /** The former epoch of each log. */
  epochs: Map<string, string>;
}

/**
 * @throws TidegateError `invalid_input` for a backup that is damaged, or of another app, and for a store that holds data; `newer_version`;
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
  const begun = restoreState.read(await store.get(RESTORE_KEY, runtime.now()));
  const continued = begun?.stage === 'writing' && begun.sum === sum;
  if (!continued) {
    if (options.replace) await clearStore(deps, transfer, { ...options, taken: () => true, logs: () => true });
    else await refuseFilled(deps, transfer);
  }
  const state: RestoreState = continued ? begun : { sum, id: runtime.newId(), stage: 'writing', at: runtime.now() };
  const writer = createRecordWriter(deps);
  await note(writer, state);
  await writer.flush();
  const held = await write(deps, transfer, writer, looked, state, options);
  await writer.flush();
  await note(writer, held > 0 ? { ...state, stage: 'held' } : null);
  await writer.flush();
  if (held === 0) await forget(deps);
  return { head, ...counts, held, continued };
}

async function note(writer: RecordWriter, state: RestoreState | null): Promise<void> {
  if (state !== null) await writer.put(RESTORE_KEY, restoreState.encode(state), {});
}

/** Deletes the note of a restore. */
async function forget({ store, runtime }: Deps): Promise<void> {
  const reading = await store.get(RESTORE_KEY, runtime.now());
  if (!isPresent(reading)) return;
  const { partition, id, version } = reading;
  await commitSurely(runtime, store, [{ kind: 'delete', partition, id, expects: version }], runtime.now() + 10_000);
}

async function lookThrough({ open, progress }: RestoreOptions): Promise<Looked> {
  let head: BackupHead | null = null;
  let end: Extract<BackupPart, { kind: 'end' }> | null = null;
  const epochs = new Map<string, string>();
  const found: BackupCounts = { records: 0, logs: 0, entries: 0 };
  for await (const part of readBlocks(open())) {
    if (part.kind === 'head') ({ head } = part);
    else if (part.kind === 'end') end = part;
    else if (part.kind === 'record') found.records += 1;
    else if (part.kind === 'entries') found.entries += part.entries.length;
    else {
      found.logs += 1;
      epochs.set(part.log, part.epoch);
    }
    if (part.kind !== 'head') progress(found.records + found.entries, null, 'checked');
  }
  if (head === null || end === null) throw damaged('its end is missing');
  const { counts, sum } = end;
  if (JSON.stringify(found) !== JSON.stringify(counts)) throw damaged('it does not hold as much as it says');
  return { head, counts, sum, epochs };
}

/** @throws TidegateError `invalid_input` where anything of the app is in the store, but for what every command leaves */
async function refuseFilled({ store, runtime, app }: Deps, transfer: StoreTransfer): Promise<void> {
  const refused = new TidegateError('invalid_input', `the ${store.name} store holds data of the app ${app.name}`, {
    field: '--replace',
    expected: 'a store that is empty, or --replace, which removes what is there first',
    hint: 'nothing was changed',
  });
  const noted = notedLogs(app);
  for (const kind of ['logs', 'records'] as const) {
    for (let after: string | null = null, more = true; more;) {
      const page: {
        logs?: string[];
        records?: { partition: string; expiresAt: number | null }[];
        next: string | null;
      } = await transfer[kind](after, 100);
      const live = page.records?.some(
        ({ partition, expiresAt }) =>
          (expiresAt === null || expiresAt > runtime.now()) && !NOTED_RECORDS.has(partition),
      );
      if (page.logs?.some((log) => !noted.has(log)) === true || live === true) throw refused;
      ({ next: after } = page);
      more = after !== null;
    }
  }
}

/** Records that commands leave which note something. */
const NOTED_RECORDS: ReadonlySet<string> = new Set([`${APP_TENANT}/clock`, `${APP_TENANT}/tenant-work`]);

/** Logs in which commands note what was done, also where a restore was refused. */
function notedLogs(app: App): ReadonlySet<string> {
  const audit = Object.values<string>({ ...auditLogOf(app) });
  return new Set([hintsLog(APP_TENANT), ...audit.map((stream) => streamLog(APP_TENANT, stream))]);
}

/** Answers how many records are held. */
async function write(
  deps: Deps,
  transfer: StoreTransfer,
  writer: RecordWriter,
  { epochs: former, counts, sum }: Looked,
  { id }: RestoreState,
  { open, hold, progress, signal }: RestoreOptions,
): Promise<number> {
  const { store, runtime } = deps;
  const epochs = new Map([...former].map(([log, epoch]) => [epoch, epochOf(log, id)]));
  const total = counts.records + counts.entries;
  let held = 0;
  let done = 0;
  let log: { name: string; epoch: string; place: number; end: number } | null = null;
  let isHeldBack = !hold;
  const noted = notedLogs(deps.app);
  for await (const part of readBlocks(open())) {
    signal.throwIfAborted();
    if (part.kind === 'record') {
      const form = heldForm(mapEpochs(part.record as never, epochs), runtime.now(), hold);
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
      if (!isHeldBack) held += await holdReactions(deps, writer);
      isHeldBack = true;
      await writer.flush();
      const epoch = epochOf(part.log, id);
      const { end } = await store.extent(part.log);
      const standing = end === null ? null : decodeCursor(end);
      const isForeign = standing !== null && standing.epoch !== epoch;
      if (isForeign && !noted.has(part.log)) throw filledByOthers(part.log);
      // Entries between the former page and this one were trimmed while the backup was made: the log begins behind them.
      const isBehind = standing !== null && (isForeign || standing.place < part.place);
      if (isBehind) await transfer.drop(part.log);
      log = { name: part.log, epoch, place: part.place, end: isBehind ? part.place : (standing?.place ?? part.place) };
    } else if (part.kind === 'entries') {
      if (log === null) throw damaged('entries stand before their log');
      const skipped = Math.max(0, Math.min(part.entries.length, log.end - log.place));
      const entries = part.entries.slice(skipped);
      log.place += part.entries.length;
      if (entries.length > 0) {
        const filling = {
          epoch: log.epoch,
          place: log.place - entries.length,
          entries: mapEpochs(entries as never, epochs),
        };
        if (!(await transfer.fill(log.name, filling))) throw filledByOthers(log.name);
      }
      done += part.entries.length;
    } else if (part.kind === 'end' && part.sum !== sum) throw damaged('it changed while it was read');
    if (part.kind !== 'head') progress(done, total, 'restored');
  }
  if (!isHeldBack) held += await holdReactions(deps, writer);
  return held;
}

/** Triggers that have not begun a task yet hold back too: what they tell from now on is told where the data come from as well. */
async function holdReactions({ store, runtime, app }: Deps, writer: RecordWriter): Promise<number> {
  await writer.flush();
  let held = 0;
  for (const { name, starts } of app.triggers.values()) {
    const key = reactionsKey(APP_TENANT, name);
    if (starts === null || isPresent(await store.get(key, runtime.now()))) continue;
    const value = reactionNotes.encode({ begun: 0, failed: 0, notes: [] });
    const standing = reactionNotes.encode({ begun: 0, failed: 0, notes: [], heldSince: runtime.now() });
    const aside = { ...key, value, expiresAt: null, due: null, standing };
    await writer.put(heldKey(key), heldRecord.encode(aside), {});
    await writer.put(key, standing, {});
    held += 1;
  }
  return held;
}

function filledByOthers(log: string): TidegateError {
  return new TidegateError('invalid_input', `others have written to the log ${log} while it was restored`, {
    field: '--replace',
    expected: 'that no process of the app runs on the store until it is restored',
    hint: 'end the processes, and begin again with --replace',
  });
}
