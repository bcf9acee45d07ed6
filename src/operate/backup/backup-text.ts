/** The text of a backup of a store, block by block. Memory stays flat: what was yielded is let go. */
import type { Deps } from '../../streams/deps.ts';
import { type BackupCounts, type BackupPart, FORMAT, writeBlocks } from './format.ts';
import { readStore, type ReadOptions } from './read-store.ts';

/** Returns what it holds. Errors as `readStore`. */
export function backupText(deps: Deps, options: ReadOptions): AsyncGenerator<string, BackupCounts> {
  const { app, store, runtime } = deps;
  const { tenant, release = null } = options;
  const of = { app: app.name, version: app.version, tenant, driver: store.name };
  const head = { tidegate: 'backup', format: FORMAT, ...of, at: runtime.now(), release } as const;
  async function* parts(): AsyncGenerator<Exclude<BackupPart, { kind: 'end' }>> {
    yield { kind: 'head', head };
    yield* readStore(deps, options);
  }
  return writeBlocks(parts());
}
