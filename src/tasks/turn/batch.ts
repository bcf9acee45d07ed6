/** How many of a turn's notes one commit takes, and the operations that write them. Pure. */
import { utf8Bytes } from '../../base/json.ts';
import type { Delete, Operation, Put } from '../../store/store.ts';
import { rememberedUntil } from '../records/header.ts';
import { rememberedKey } from '../records/remembered.ts';
import type { Claim } from '../records/claim.ts';
import type { Note } from './memory.ts';

interface Batch {
  notes: Map<string, Note>;
  operations: Operation[];
}

/**
 * As many notes as there is room for. A note that is put together with another record goes whole or not at all.
 * @param atLeastOne whether the first is taken even if there is no room for it; the store then says that it is too large
 */
export function batchOf(
  { tenant, taskId, header }: Pick<Claim, 'tenant' | 'taskId' | 'header'>,
  noted: readonly [id: string, note: Note][],
  room: { operations: number; bytes: number },
  atLeastOne: boolean,
): Batch {
  const notes = new Map<string, Note>();
  const operations: Operation[] = [];
  const expiresAt = rememberedUntil(header);
  let bytes = 0;
  for (const [id, note] of noted) {
    const { stored: value, version, beside } = note;
    const put: Put = { kind: 'put', ...rememberedKey(tenant, taskId, id), value, expects: version, expiresAt };
    const added = beside ? [put, beside] : [put];
    bytes += bytesOf(added);
    const isFull = operations.length + added.length > room.operations || bytes > room.bytes;
    if (isFull && (notes.size > 0 || !atLeastOne)) break;
    notes.set(id, note);
    operations.push(...added);
  }
  return { notes, operations };
}

/** Names and values as the store counts them, and a little more. */
export function bytesOf(operations: readonly (Put | Delete)[]): number {
  const sizes = operations.map((operation) => {
    const value = operation.kind === 'put' ? utf8Bytes(JSON.stringify(operation.value)) : 0;
    return utf8Bytes(operation.partition) + utf8Bytes(operation.id) + value;
  });
  return sizes.reduce((sum, bytes) => sum + bytes, 0);
}
