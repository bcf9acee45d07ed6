/**
 * The JSON of lists that nobody changes while the process runs, written once for each registry: callers with the same scopes share
 * one. A list of resources may differ from one request to the next, and is none of these.
 */
import type { Registry } from '../registry/registry.ts';
import type { PlainRequest } from '../wire/plain.ts';

const FIXED: ReadonlySet<string> = new Set(['tools/list', 'prompts/list', 'resources/templates/list']);

export interface ListTexts {
  /** The result; null: it was not written yet, or the request is for something else. */
  find(request: PlainRequest, registry: Registry): string | null;
  /** Keeps the result of a request that was answered without an error, where it is a list. There are as many as a registry has pages. */
  keep(request: PlainRequest, registry: Registry, text: string): void;
}

export function createListTexts(): ListTexts {
  // Registries come and go with the scopes of callers.
  const texts = new WeakMap<Registry, Map<string, string>>();
  return {
    find(request, registry) {
      const page = pageOf(request);
      return page === null ? null : (texts.get(registry)?.get(page) ?? null);
    },
    keep(request, registry, text) {
      const page = pageOf(request);
      if (page === null) return;
      const kept = texts.get(registry) ?? new Map<string, string>();
      texts.set(registry, kept.set(page, text));
    },
  };
}

/** The first page has no cursor; an empty one is refused. */
function pageOf({ method, params: { cursor } }: PlainRequest): string | null {
  if (!FIXED.has(method)) return null;
  return cursor === undefined ? method : typeof cursor === 'string' ? `${method} ${cursor}` : null;
}
