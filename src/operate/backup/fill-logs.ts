/**
 * Writes the logs of a backup into a store, one behind another, at the places that they had. What an interrupted restore has
 * written stays, and is compared: nothing is mixed with what others have written.
 */
import { decodeCursor, epochOf } from '../../store/cursor.ts';
import type { FilledEntry, Store, StoreTransfer } from '../../store/store.ts';
import type { Deps } from '../../streams/deps.ts';
import { isSameEntries } from './continued.ts';
import { mapEpochs } from './epochs.ts';
import { filledByOthers, notedLogs } from './filled.ts';
import { type BackupPart, damaged } from './format.ts';
import type { KeptAudit } from './kept-audit.ts';

/** A log that is being filled: where it has come to, and where it ended before. */
interface Filling {
  name: string;
  epoch: string;
  place: number;
  end: number;
}

interface FillerParts {
  app: Deps['app'];
  store: Store;
  transfer: StoreTransfer;
  /** The new epoch of each former one. */
  epochs: ReadonlyMap<string, string>;
  /** Of the restore. */
  id: string;
  /** Whether it goes on with one that was interrupted. */
  isStanding: boolean;
  kept: KeptAudit;
}

/** Each throws TidegateError `invalid_input` where a log holds what neither the backup nor its restore has written. */
interface LogFiller {
  /** Begins a log, or a later page of it. */
  begin(page: Extract<BackupPart, { kind: 'log' }>): Promise<void>;
  /** Adds entries to the log that was begun last. */
  add(entries: Extract<BackupPart, { kind: 'entries' }>['entries']): Promise<void>;
  end(): void;
}

export function createLogFiller({ app, store, transfer, epochs, id, isStanding, kept }: FillerParts): LogFiller {
  const noted = notedLogs(app);
  let log: Filling | null = null;

  function end(): void {
    if (isStanding && log !== null && log.end > log.place) throw filledByOthers(`the log ${log.name}`);
  }

  return {
    async begin({ log: name, place }) {
      end();
      if (kept.has(name)) {
        log = { name, epoch: '', place, end: place };
        return;
      }
      const epoch = epochOf(name, id);
      const { end: last } = await store.extent(name);
      const standing = last === null ? null : decodeCursor(last);
      const isForeign = standing !== null && standing.epoch !== epoch;
      if (isForeign && !noted.has(name)) throw filledByOthers(`the log ${name}`);
      // Entries between the former page and this one were trimmed while the backup was made: the log begins behind them.
      // What a command notes of itself may stand between what was restored before: such a log is filled anew.
      const isNoted = isForeign || noted.has(name);
      const isBehind = standing !== null && (isNoted || standing.place < place);
      if (isBehind) await transfer.drop(name);
      log = { name, epoch, place, end: isBehind ? place : (standing?.place ?? place) };
    },
    async add(given) {
      if (log === null) throw damaged('entries stand before their log');
      if (kept.has(log.name)) {
        await kept.add(log.name, given);
        return;
      }
      const skipped = Math.max(0, Math.min(given.length, log.end - log.place));
      const mapped: FilledEntry[] = mapEpochs(given as never, epochs);
      if (skipped > 0 && !(await isSameEntries(store, log, mapped.slice(0, skipped)))) {
        throw filledByOthers(`the log ${log.name}`);
      }
      const entries = mapped.slice(skipped);
      log.place += given.length;
      if (entries.length === 0) return;
      const filling = { epoch: log.epoch, place: log.place - entries.length, entries };
      if (!(await transfer.fill(log.name, filling))) throw filledByOthers(`the log ${log.name}`);
    },
    end,
  };
}
