/** Tells clients of 2025-11-25 and before on the stream of their session that what is listed for them changed. */
import type { ChangeWatch } from '../../calls/changes/kept.ts';
import { listenTo } from '../../calls/changes/listening.ts';
import type { Runtime } from '../../base/runtime.ts';
import { LISTS } from '../../streams/hints.ts';
import type { KeptSource } from './standing.ts';

export function createListChanges(deps: { watch: ChangeWatch; runtime: Pick<Runtime, 'now' | 'sleep'> }): KeptSource {
  return {
    attend({ call, since, signal, reads, tell }) {
      const wanted = { resources: [], lists: LISTS, tasks: [] };
      const listening = listenTo(deps, call.principal, wanted, {
        store: call.account.store,
        signal,
        reads,
        since,
        async tell(changed) {
          if (changed.of === 'list')
            await tell({ jsonrpc: '2.0', method: `notifications/${changed.list}/list_changed` });
        },
      });
      // It ends with the stream: nothing of it rejects.
      void listening.ended;
      return { changed: () => {} };
    },
  };
}
