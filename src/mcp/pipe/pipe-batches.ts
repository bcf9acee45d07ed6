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
}

export function createBatches(): Batches {
  const open = new Set<Batch>();
  return {
    begin(answers, ids) {
      const batch: Batch = { answers: [...answers], open: new Set(ids) };
      if (batch.open.size > 0) open.add(batch);
      return batch.open.size > 0 || batch.answers.length === 0 ? null : batch.answers;
    },
    take(message) {
      if ('method' in message || !('id' in message)) return null;
      for (const batch of open) {
        if (!batch.open.delete(message.id)) continue;
        batch.answers.push(message);
        if (batch.open.size > 0) return { send: null };
        open.delete(batch);
        return { send: batch.answers };
      }
      return null;
    },
  };
}
