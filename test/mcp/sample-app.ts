/** An app with one of each thing that the endpoint serves. */
import * as z from 'zod';
import { defineApp, prompt, resource, TidegateError, tool } from '../../src/index.ts';

let waited = { begun: () => {}, ended: () => {} };

export const sampleApp = defineApp({
  name: 'sample',
  version: '1.2.3',
  description: 'A sample for tests',
  tools: {
    add: tool({
      description: 'Adds two numbers.',
      input: z.object({ a: z.number().describe('first'), b: z.number().max(100) }),
      output: z.object({ sum: z.number() }),
      run: ({ a, b }) => Promise.resolve({ text: `${a + b}`, structured: { sum: a + b } }),
    }),
    greet: tool({ description: 'Says hello.', run: () => Promise.resolve('hello') }),
    count: tool({
      description: 'Counts to three, telling how far it is.',
      run: async (_input, { progress, log, emit }) => {
        progress(1, 3, 'one');
        log('info', { at: 2 }, 'counter');
        emit({ partial: 2 });
        progress(3, 3, 'three');
        return 'done';
      },
    }),
    wait: tool({
      description: 'Waits until the caller goes away.',
      run: (_input, { signal, progress }) => {
        progress(1);
        const { begun, ended } = waited;
        begun();
        return new Promise<string>((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            ended();
            reject(new Error('cancelled'));
          });
        });
      },
    }),
    refuse: tool({
      description: 'Refuses in so many words.',
      run: () => {
        throw new TidegateError('not_found', 'There is no stream tides', {
          field: 'stream',
          expected: 'one of quakes, host',
          hint: 'list_streams names them',
        });
      },
    }),
    crash: tool({
      description: 'Fails for a reason of its own.',
      run: () => Promise.reject(new Error('secret detail')),
    }),
    lie: tool({
      description: 'Answers what its schema does not allow.',
      output: z.object({ sum: z.number() }),
      run: () => Promise.resolve({ structured: { sum: 'many' as unknown as number } }),
    }),
    storeless: tool({
      description: 'Needs a store that is gone.',
      run: () => {
        throw new TidegateError('store_unavailable', 'redis at 10.0.0.7 refused', { retryAfterMs: 2_500 });
      },
    }),
    regional: tool({
      description: 'Has a parameter that comes in a header too.',
      input: z.object({
        region: z.string().meta({ 'x-mcp-header': 'Region' }),
        limit: z.int().optional().meta({ 'x-mcp-header': 'Limit' }),
      }),
      run: ({ region }) => Promise.resolve(region),
    }),
    sampler: tool({
      description: 'Needs sampling.',
      clientCapabilities: { sampling: {} },
      run: () => Promise.resolve('sampled'),
    }),
  },
  resources: {
    readme: resource({ uri: 'doc://readme', mimeType: 'text/markdown', read: () => Promise.resolve('# Read me') }),
    note: resource({
      uri: 'note://{owner}/{id}',
      cache: { ttlMs: 5_000, cacheScope: 'public' },
      read: ({ owner, id }, { uri }) => Promise.resolve([{ uri, text: `${owner}/${id}` }]),
      complete: { owner: (value) => Promise.resolve(['ada', 'alan'].filter((name) => name.startsWith(value))) },
    }),
  },
  prompts: {
    brief: prompt({
      description: 'A brief on a topic.',
      arguments: [
        { name: 'topic', required: true, complete: (value) => Promise.resolve([`${value}-one`]) },
        { name: 'tone' },
      ],
      run: ({ topic, tone }) => Promise.resolve(`Brief on ${topic}${tone ? ` in a ${tone} tone` : ''}`),
    }),
  },
});

/** The next call of `wait`: when it has begun, and when it was cancelled. */
export function nextWait(): { whenBegun: Promise<void>; whenEnded: Promise<void> } {
  const [begun, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  waited = { begun: begun.resolve, ended: ended.resolve };
  return { whenBegun: begun.promise, whenEnded: ended.promise };
}
