/**
 * An extension of MCP made with the package's exports alone: a capability, one method and one tool. The method says how
 * many events a stream's newest page has; the tool says the same to clients that do not know the extension.
 */
import { type Extension, TidegateError, tool, type ToolContext } from 'tidegate';

export const TOY = 'com.example/count';

async function countOf(stream: unknown, { streams }: Pick<ToolContext, 'streams'>): Promise<number> {
  if (typeof stream !== 'string') {
    throw new TidegateError('invalid_input', 'Which stream?', { field: 'params.stream', expected: 'a text' });
  }
  const { events } = await streams.last(stream, 100);
  return events.length;
}

export const toyExtension: Extension = {
  capability: { id: TOY, settings: { most: 100 } },
  methods: {
    'count/get': { run: async ({ stream }, context) => ({ count: await countOf(stream, context) }) },
  },
  tools: {
    count: tool({
      description: 'Counts the newest events of the stream readings',
      run: async (_input, context) => `There are ${await countOf('readings', context)}`,
    }),
  },
};
