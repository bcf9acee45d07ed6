/** Completers that apps declare for arguments of prompts and variables of templates: names of streams, and their keys. */
import type { CompletedValues, StreamRef } from './app-streams.ts';
import type { Completer } from './resource.ts';
import type { ListContext } from './context.ts';

/** Most values that a completion answers, as MCP bounds it. */
export const MOST_VALUES = 100;

/** Completes with names of streams: `complete: completeStreams`. */
export function completeStreams(value: string, { streams }: Pick<ListContext, 'streams'>): Promise<string[]> {
  return Promise.resolve(streams.names().filter((name) => name.startsWith(value)));
}

/**
 * Completes with keys of a stream, by its declaration or its name: `complete: completeKeys(orders)`. Where another argument
 * says which stream: `completeKeys({ argument: 'stream' })`; nothing is found before that one is chosen. One store call.
 */
export function completeKeys(of: StreamRef<unknown> | { argument: string }): Completer {
  return async (value, { streams }, chosen = {}): Promise<CompletedValues> => {
    const stream = typeof of === 'object' && 'argument' in of ? (chosen[of.argument] ?? '') : of;
    if (typeof stream === 'string' && !streams.names().includes(stream)) return { values: [], hasMore: false };
    return streams.keys(stream, { prefix: value, limit: MOST_VALUES });
  };
}
