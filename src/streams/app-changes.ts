/** Tells of changes that an app knows of, by hints in the store. */
import type { AppChanges } from '../declare/context.ts';
import type { Hint } from './hints.ts';
import type { Deps } from './deps.ts';

type AppHint = Exclude<Hint, { session: string }>;

/**
 * @param tenant whose listeners are told; null: those of every tenant
 * @param deadlineOf epoch ms until which a call may take
 */
export function createAppChanges(
  deps: Pick<Deps, 'store' | 'runtime'>,
  tenant: string | null,
  deadlineOf: () => number,
): AppChanges {
  // A host offers this from its start, and most never tell of anything.
  const tell = async (hint: AppHint) => (await import('./hints.ts')).tellHints(deps, tenant, [hint], deadlineOf());
  return {
    resources: { changed: (uri) => tell(uri === undefined ? { list: 'resources' } : { resource: uri }) },
    tools: { changed: () => tell({ list: 'tools' }) },
    prompts: { changed: () => tell({ list: 'prompts' }) },
  };
}
