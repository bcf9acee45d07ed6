/** Puts and deletes of many records, in as few commits as the store takes, several at once. What stands there is overwritten. */
import { jsonBytes, utf8Bytes } from '../../base/json.ts';
import { commitSurely } from '../../store/commit.ts';
import type { Operation, Put, RecordKey } from '../../store/store.ts';
import type { Deps } from '../../streams/deps.ts';

/** Commits under way at once. */
const AT_ONCE = 4;
/** How often a commit may meet what somebody else wrote. */
const MOST_RACES = 20;
const COMMIT_MS = 60_000;
/** Names and more of an operation. */
const BESIDE_BYTES = 128;

export interface RecordWriter {
  put(key: RecordKey, value: Put['value'], more: Pick<Put, 'expiresAt' | 'due'>): Promise<void>;
  /** Resolves once all is stored. @throws what a commit threw */
  flush(): Promise<void>;
}

/** Errors as `commitSurely`, from any call. */
export function createRecordWriter({ store, runtime }: Pick<Deps, 'store' | 'runtime'>): RecordWriter {
  const { commitOperations, commitBytes } = store.limits;
  const under = new Set<Promise<void>>();
  let batch = new Map<string, Put>();
  let bytes = 0;
  let failed: unknown = null;

  async function commit(puts: Put[]): Promise<void> {
    let operations: Operation[] = puts;
    for (let races = 0; ; races += 1) {
      const result = await commitSurely(runtime, store, operations, runtime.now() + COMMIT_MS);
      if (result.status === 'committed') return;
      if (races >= MOST_RACES) throw new Error('others write to what is restored');
      const found = new Map(result.conflicts.map(({ operation, found }) => [operation, found.version]));
      operations = puts.map((put, index) => ({
        ...put,
        expects: found.get(index) ?? operations[index]?.['expects' as never] ?? null,
      }));
    }
  }

  async function send(): Promise<void> {
    if (batch.size === 0) return;
    const puts = [...batch.values()];
    [batch, bytes] = [new Map(), 0];
    while (under.size >= AT_ONCE) await Promise.race(under);
    const sending: Promise<void> = commit(puts)
      .catch((thrown: unknown) => void (failed ??= thrown))
      .finally(() => under.delete(sending));
    under.add(sending);
    if (failed !== null) throw failed;
  }

  return {
    async put(key, value, more) {
      const size = jsonBytes(value) + utf8Bytes(key.partition) + utf8Bytes(key.id) + BESIDE_BYTES;
      const name = JSON.stringify([key.partition, key.id]);
      // A record that a scan met twice comes twice.
      if (batch.has(name) || batch.size >= commitOperations || bytes + size > commitBytes) await send();
      bytes += size;
      batch.set(name, { kind: 'put', partition: key.partition, id: key.id, value, expects: null, ...more });
    },
    async flush() {
      await send();
      await Promise.all(under);
      if (failed !== null) throw failed;
    },
  };
}
