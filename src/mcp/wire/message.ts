/** Reading and answering a JSON-RPC message that has not been served yet. */

/** A value of a message's `_meta`; undefined where there is none. */
export function claimOf(body: unknown, key: string): unknown {
  if (typeof body !== 'object' || body === null) return undefined;
  const { params } = body as { params?: unknown };
  if (typeof params !== 'object' || params === null) return undefined;
  const { _meta: meta } = params as { _meta?: unknown };
  return typeof meta === 'object' && meta !== null ? (meta as Record<string, unknown>)[key] : undefined;
}

/** Longest text of a message that is told in the log. */
const TOLD_CHARACTERS = 200;

/** What a message asks for, for the log: its method, and which tool, prompt or resource. A batch is told by its length. */
export function askedFor(body: unknown): { mcp: string; name?: string } {
  if (Array.isArray(body)) return { mcp: `batch of ${body.length}` };
  const { method, params } = (typeof body === 'object' && body !== null ? body : {}) as {
    method?: unknown;
    params?: { name?: unknown; uri?: unknown } | null;
  };
  if (typeof method !== 'string') return { mcp: '' };
  const name = params?.name ?? params?.uri;
  return { mcp: told(method), ...(typeof name === 'string' ? { name: told(name) } : {}) };
}

function told(text: string): string {
  return text.length <= TOLD_CHARACTERS ? text : `${text.slice(0, TOLD_CHARACTERS)}…`;
}
