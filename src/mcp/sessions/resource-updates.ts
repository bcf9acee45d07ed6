/**
 * Tells clients of 2025-11-25 and before, on the stream of their session, that a resource changed to which they are subscribed: of
 * each at most once a second, and once after its last change. What they are subscribed to may change while the stream is open.
 */
import type { Principal } from '../../base/principal.ts';
import type { Runtime } from '../../base/runtime.ts';
import type { ChangeWatch } from '../../calls/changes/kept.ts';
import { listenTo, REPLAYED_MS } from '../../calls/changes/listening.ts';
import type { Wanted } from '../../calls/changes/topics.ts';
import type { Registry } from '../registry/registry.ts';
import type { KeptSource } from './standing.ts';
import { subscribedIn } from './subscribed.ts';

interface UpdatesDeps {
  watch: ChangeWatch;
  runtime: Pick<Runtime, 'now' | 'sleep'>;
  registryOf: (principal: Principal) => Registry;
}

export function createResourceUpdates({ registryOf, ...deps }: UpdatesDeps): KeptSource {
  const { runtime } = deps;

  /** What the caller may not read any more is left out. */
  function wantedOf(uris: Iterable<string>, principal: Principal): Wanted {
    const { resources } = registryOf(principal);
    const listened = [...uris].flatMap((uri) => {
      const sources = resources.sourcesOf(uri);
      return sources === null ? [] : [{ uri, sources }];
    });
    return { resources: listened, lists: [], tasks: [] };
  }

  return {
    attend({ session, call, since, signal, reads, tell }) {
      let subscribed = subscribedIn(session.kept);
      const listening = listenTo(deps, call.principal, wantedOf(subscribed.keys(), call.principal), {
        store: call.account.store,
        signal,
        reads,
        since: Math.max(since, Math.min(...subscribed.values(), runtime.now())),
        async tell(changed) {
          if (changed.of !== 'resource') return;
          await tell({ jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri: changed.uri } });
        },
      });
      // It ends with the stream: nothing of it rejects.
      void listening.ended;
      return {
        changed({ kept }) {
          const next = subscribedIn(kept);
          const added = [...next].filter(([uri, at]) => subscribed.get(uri) !== at);
          if (added.length === 0 && next.size === subscribed.size) return;
          subscribed = next;
          const since = Math.min(...added.map(([, at]) => at), runtime.now());
          listening.want(wantedOf(next.keys(), call.principal), Math.max(since, runtime.now() - REPLAYED_MS));
        },
      };
    },
  };
}
