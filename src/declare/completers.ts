/**
 * Completers that an app declares for arguments of prompts and variables of templates. They find names of streams and
 * keys of a stream.
 */
import type { CompletedValues, StreamRef } from './app-streams.ts';
import type { Completer } from './resource.ts';
import type { ListContext } from './context.ts';

/** Most values that a completion may answer. MCP sets this bound. */
export const MOST_VALUES = 100;

/** Completes with names of streams: `complete: completeStreams`. */
export function completeStreams(value: string, { streams }: Pick<ListContext, 'streams'>): Promise<string[]> {
  return Promise.resolve(streams.names().filter((name) => name.startsWith(value)));
}

/**
 * Completes with keys of a stream, which is given by its declaration or its name: `complete: completeKeys(orders)`.
 * Where another argument names the stream, write `completeKeys({ argument: 'stream' })`; it finds nothing before that
 * argument has a value. Takes one store call.
 */
export function completeKeys(of: StreamRef<unknown> | { argument: string }): Completer {
  return async (value, { streams }, chosen = {}): Promise<CompletedValues> => {
    const stream = typeof of === 'object' && 'argument' in of ? (chosen[of.argument] ?? '') : of;
    if (typeof stream === 'string' && !streams.names().includes(stream)) return { values: [], hasMore: false };
    return streams.keys(stream, { prefix: value, limit: MOST_VALUES });
  };
}
