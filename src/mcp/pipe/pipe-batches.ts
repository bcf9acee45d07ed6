/** Batches (2025-03-26) over a pipe: the answers to the messages of one go out together, as one list. */

interface Batch {
  answers: unknown[];
  /** Ids of its requests that have no answer yet. */
  open: Set<unknown>;
}

interface Batches {
  /** @param answers those that are known at once; @param ids of the requests that are served. Answers what can be sent already. */
  begin(answers: readonly unknown[], ids: readonly unknown[]): unknown[] | null;
  /** Whether the message answers one of a batch; then what to send: nothing yet (null), or all of its answers. */
  take(message: object): { send: unknown[] | null } | null;
  /** A request gets no answer, because it was cancelled. Answers what can be sent now; null: nothing. */
  leave(id: unknown): unknown[] | null;
}

export function createBatches(): Batches {
  const open = new Set<Batch>();

  /** The batch that has an answer less to wait for; null: none waits for it. */
  function without(id: unknown): Batch | null {
    for (const batch of open) {
      if (!batch.open.delete(id)) continue;
      if (batch.open.size === 0) open.delete(batch);
      return batch;
    }
    return null;
  }

  return {
    begin(answers, ids) {
      const batch: Batch = { answers: [...answers], open: new Set(ids) };
      if (batch.open.size > 0) open.add(batch);
      return batch.open.size > 0 || batch.answers.length === 0 ? null : batch.answers;
    },
    take(message) {
      if ('method' in message || !('id' in message)) return null;
      const batch = without(message.id);
      if (batch === null) return null;
      batch.answers.push(message);
      return { send: batch.open.size > 0 ? null : batch.answers };
    },
    leave(id) {
      const batch = without(id);
      return batch === null || batch.open.size > 0 || batch.answers.length === 0 ? null : batch.answers;
    },
  };
}
