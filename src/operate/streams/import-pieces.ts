/**
 * Stores the pieces of a file, each in one commit with a receipt that is named by the digest of all events from the beginning of the file
 * up to there. By it a file is known however far it was imported: what is behind the last receipt is new, also where the file has grown since.
 * Another file that begins with the same events is taken for the same one.
 */
import { digestOf } from '../../base/digest.ts';
import { isPresent } from '../../store/store.ts';
import type { AppendCounts } from '../../streams/log/publish.ts';
import { publishMany, type PushedEvent } from '../../streams/log/publish-many.ts';
import type { OperateContext } from '../action.ts';
import { importKey, type NamedStream } from './named-stream.ts';

/** Events of one commit; all of their receipts are asked for with one call. */
export const PIECE_EVENTS = 80;
/** How long it is remembered that a piece was imported, ms. */
const REMEMBERED_MS = 86_400_000;
const COMMIT_MS = 30_000;

/** Stores the next piece. Errors as `publishMany`. */
type StorePiece = (piece: readonly PushedEvent[]) => Promise<AppendCounts>;

export function createPieceStore({ stream, own }: NamedStream, context: Pick<OperateContext, 'deadline'>): StorePiece {
  /** Of all events so far. */
  let digest = '';
  /** Once a piece was new, all behind it is. */
  let mayBeThere = true;

  /** How many events at the beginning of a piece were imported before. */
  async function countKnown(digests: readonly string[]): Promise<number> {
    if (!mayBeThere) return 0;
    const keys = digests.map((one) => importKey(own, stream.name, one));
    const last = keys.slice(-1);
    // Most pieces were imported as a whole, or not at all.
    const [whole] = await own.store.getMany(last, own.runtime.now());
    if (whole !== undefined && isPresent(whole)) return digests.length;
    mayBeThere = false;
    const readings = await own.store.getMany(keys, own.runtime.now());
    return readings.findLastIndex(isPresent) + 1;
  }

  return async (piece) => {
    const digests = piece.map(({ place: _place, ...event }) => {
      // Where it stands in the file is no part of what it is.
      digest = digestOf(`${digest} ${JSON.stringify(event)}`);
      return digest;
    });
    const known = await countKnown(digests);
    const left = piece.slice(known);
    if (left.length === 0) return { appended: 0, duplicates: known };
    const once = { record: importKey(own, stream.name, digest), fingerprint: digest, keptMs: REMEMBERED_MS };
    const deadline = Math.min(context.deadline, own.runtime.now() + COMMIT_MS);
    const { appended, duplicates } = await publishMany(own, stream, left, { once, deadline });
    return { appended, duplicates: duplicates + known };
  };
}
