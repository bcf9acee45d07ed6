/**
 * Appends the events of a push: all of them in one commit, or none. Where the push has an idempotency key, the same
 * commit stores a record under that key. The same push again gets the counts of the first and appends nothing.
 */
import * as z from 'zod';
import type { DeclaredStream } from '../../declare/stream.ts';
import { TidegateError } from '../../base/errors.ts';
import type { LoggedEvent } from '../../base/event.ts';
import { APP_TENANT, isPublic, type Owner } from '../../base/principal.ts';
import { record } from '../../store/record.ts';
import type { RecordKey } from '../../store/store.ts';
import type { StreamScope } from '../scope.ts';
import { ofEvents } from '../of-event.ts';
import { type AppendCounts, appendAll, type Receipt } from './publish.ts';
import { idsFrom, logThrown, type RawEvent, validateEvent } from './validate-event.ts';

/** Bytes of a commit that are reserved for the receipt, the fence, and the names of all records and logs. */
const BESIDE_BYTES = 4 * 1024;

/**
 * Key of the record of a push with this idempotency key. Two callers may use one key, also on a stream that they share.
 * @param owner null: whoever brings the stream's own token
 */
export function pushedKey(owner: Owner | null, stream: string, key: string): RecordKey {
  if (owner === null) return { partition: `${APP_TENANT}/pushed/${stream}`, id: key };
  const whose = isPublic(owner) ? '' : `/${owner.subject}`;
  return { partition: `${owner.tenant}/pushed/${stream}${whose}`, id: key };
}

/** The same of a signed push, apart from the keys that callers choose, since those of signatures can be guessed. */
export function signedKey(stream: string, key: string): RecordKey {
  return { partition: `${APP_TENANT}/signed/${stream}`, id: key };
}

const pushed = record('push', () =>
  z.strictObject({ fingerprint: z.string(), appended: z.number(), duplicates: z.number() }),
);

/** What makes a push count once. */
export interface Once {
  record: RecordKey;
  /** The header that has the key. Default: `Idempotency-Key`. */
  name?: string;
  /** Digest of what is pushed. A push with the same key and another fingerprint is refused; an empty one is like every other. */
  fingerprint: string;
  /** How long the key is remembered, ms. */
  keptMs: number;
}

export interface PushedEvent extends RawEvent {
  /** Where it stands in what was sent, as refusals name it: `body[2]`. */
  place: string;
}

export interface Pushed extends AppendCounts {
  /** What was assumed of the events. Absent: nothing was. */
  assumed?: string;
}

/**
 * Resolves when the events are durable.
 * @param deadline epoch ms
 * @throws TidegateError `invalid_input` with the field, such as `body[2].celsius`; nothing is stored then.
 * `too_large` for more than one commit of this engine holds; `store_unavailable`, `store_unknown`.
 */
export async function publishMany(
  scope: StreamScope,
  stream: DeclaredStream,
  raws: readonly PushedEvent[],
  { once, deadline }: { once: Once | null; deadline: number },
): Promise<Pushed> {
  const { events, zoneless } = validateAll(scope, stream, raws);
  const receipt = once && receiptOf(scope, once);
  const place = await ofEvents(
    scope,
    stream,
    events.map(({ data }) => data),
  );
  const { appended, duplicates } = await appendAll(place, stream, events, deadline, receipt);
  return { appended, duplicates, ...(zoneless > 0 ? { assumed: assumedText(zoneless) } : {}) };
}

function assumedText(events: number): string {
  return `the times of ${events} event(s) have no zone and were read as UTC, because the stream declares no zone`;
}

/** @throws TidegateError as `publishMany` */
function validateAll(
  { store, runtime }: StreamScope,
  stream: DeclaredStream,
  raws: readonly PushedEvent[],
): { events: LoggedEvent[]; zoneless: number } {
  const context = { receivedAt: runtime.now(), newId: idsFrom(runtime.newId()) };
  let bytes = 0;
  let zoneless = 0;
  const events = raws.map(({ place, ...raw }) => {
    const validated = validateEvent(stream, raw, { ...context, place });
    if (validated.ok) {
      bytes += validated.bytes;
      if (validated.zoneless) zoneless += 1;
      return validated.event;
    }
    logThrown(runtime, stream, validated);
    const { field, expected, text } = validated;
    throw new TidegateError('invalid_input', text, { field, expected });
  });
  const most = store.limits.commitBytes - BESIDE_BYTES;
  if (bytes <= most) return { events, zoneless };
  throw new TidegateError('too_large', `The events take ${bytes} bytes as they are stored`, {
    field: 'events',
    expected: `at most ${most} bytes, which is what the store takes as a whole`,
    hint: 'send them in parts',
  });
}

function receiptOf(
  { runtime }: StreamScope,
  { record: key, name = 'Idempotency-Key', fingerprint, keptMs }: Once,
): Receipt {
  return {
    key,
    earlier(reading) {
      const standing = pushed.read(reading);
      if (standing === null) return null;
      const { fingerprint: other, appended, duplicates } = standing;
      // Earlier releases kept none for what is signed.
      if ([fingerprint, ''].includes(other) || fingerprint === '') return { appended, duplicates };
      throw new TidegateError('invalid_input', `The ${name} came before, with other events`, {
        field: name,
        expected: 'one of its own for each push',
      });
    },
    put: (reading, counts) =>
      pushed.replace(reading, { fingerprint, ...counts }, { expiresAt: runtime.now() + keptMs }),
  };
}
