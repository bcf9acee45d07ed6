/** The text of a backup of a store, block by block. Memory stays flat: what was yielded is let go. */
import type { Deps } from '../../streams/deps.ts';
import { type BackupCounts, type BackupPart, FORMAT, writeBlocks } from './format.ts';
import { readStore, type ReadOptions } from './read-store.ts';

export interface BackupOptions extends ReadOptions {
  /** The release that writes it. */
  release: string;
}

/** Returns what it holds. Errors as `readStore`. */
export function backupStore(deps: Deps, options: BackupOptions): AsyncGenerator<string, BackupCounts> {
  const { app, store, runtime } = deps;
  const { tenant, release } = options;
  const head = {
    tidegate: 'backup',
    format: FORMAT,
    app: app.name,
    tenant,
    release,
    driver: store.name,
    at: runtime.now(),
  } as const;
  async function* parts(): AsyncGenerator<Exclude<BackupPart, { kind: 'end' }>> {
    yield { kind: 'head', head };
    yield* readStore(deps, options);
  }
  return writeBlocks(parts());
}
