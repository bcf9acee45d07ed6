/**
 * Lists that nobody changes while the process runs, as bytes of JSON that are written once for each registry: callers with the same
 * scopes share one. A list of resources may differ from one request to the next, and is none of these.
 */
import type { Registry } from '../registry/registry.ts';
import type { PlainRequest } from '../wire/plain.ts';

const FIXED: ReadonlySet<string> = new Set(['tools/list', 'prompts/list', 'resources/templates/list']);

export interface KeptLists {
  /** The answer; null: it was not kept yet, or the request is for something else. */
  find(request: PlainRequest, registry: Registry): Uint8Array<ArrayBuffer> | null;
  /**
   * Keeps the result of a request that was answered without an error, where it is a list. There are as many as a registry has pages.
   * @param result as JSON
   */
  keep(request: PlainRequest, registry: Registry, result: string): void;
}

const encoder = new TextEncoder();

export function createKeptLists(): KeptLists {
  // Registries come and go with the scopes of callers.
  const lists = new WeakMap<Registry, Map<string, Uint8Array>>();
  return {
    find(request, registry) {
      const page = pageOf(request);
      const kept = page === null ? undefined : lists.get(registry)?.get(page);
      return kept === undefined ? null : withId(kept, request.id);
    },
    keep(request, registry, result) {
      const page = pageOf(request);
      if (page === null) return;
      const kept = lists.get(registry) ?? new Map<string, Uint8Array>();
      lists.set(registry, kept.set(page, encoder.encode(`{"result":${result}`)));
    },
  };
}

/** The whole answer: what was kept of it, and the end, which differs from one request to the next. */
function withId(kept: Uint8Array, id: string | number): Uint8Array<ArrayBuffer> {
  const end = encoder.encode(`,"jsonrpc":"2.0","id":${JSON.stringify(id)}}`);
  const whole = new Uint8Array(kept.length + end.length);
  whole.set(kept);
  whole.set(end, kept.length);
  return whole;
}

/** The first page has no cursor; an empty one is refused. */
function pageOf({ method, params: { cursor } }: PlainRequest): string | null {
  if (!FIXED.has(method)) return null;
  return cursor === undefined ? method : typeof cursor === 'string' ? `${method} ${cursor}` : null;
}
