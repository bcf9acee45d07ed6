/** Tells of changes that an app knows of, by hints in the store. */
import type { AppChanges } from '../../declare/context.ts';
import { type ListName, tellHints } from '../../streams/hints.ts';
import type { Deps } from '../../streams/deps.ts';

/**
 * @param tenant whose listeners are told; null: those of every tenant
 * @param deadlineOf epoch ms until which a call may take
 */
export function createAppChanges(
  deps: Pick<Deps, 'store' | 'runtime'>,
  tenant: string | null,
  deadlineOf: () => number,
): AppChanges {
  const listed = (list: ListName) => async () => tellHints(deps, tenant, [{ list }], deadlineOf());
  return {
    resources: {
      changed: async (uri) =>
        tellHints(deps, tenant, [uri === undefined ? { list: 'resources' } : { resource: uri }], deadlineOf()),
    },
    tools: { changed: listed('tools') },
    prompts: { changed: listed('prompts') },
  };
}
