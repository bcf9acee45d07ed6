/** An app of rooms, of whose changes clients are told; and two of its callers. */
import * as z from 'zod';
import { defineApp, resource, stream, task, tool } from '../../../src/index.ts';

export const [ADA, BOB] = ['acme ada *', 'other bob *'] as const;

const data = z.object({ room: z.string(), celsius: z.number() });
const rooms = stream({ description: 'Rooms', schema: data, key: 'room', tenants: 'each' });

export const app = defineApp({
  name: 'rooms',
  version: '1.0.0',
  description: 'Rooms',
  streams: { rooms, plain: stream({ description: 'Without keys', schema: z.json() }) },
  resources: {
    warmest: resource({ uri: 'warmest://room', changes: [{ stream: rooms }], read: async () => 'kitchen' }),
    room: resource({
      uri: 'room://{room}',
      changes: ({ room }) => (room === 'attic' ? null : [{ stream: 'rooms', key: room }]),
      read: async ({ room }) => room,
    }),
    shelf: resource({ uri: 'shelf://{id}', changes: [], read: async ({ id }) => id }),
    fixed: resource({ uri: 'fixed://text', read: async () => 'fixed' }),
    secret: resource({ uri: 'secret://text', scopes: ['vault'], changes: [], read: async () => 'secret' }),
  },
  tools: {
    put: tool({
      description: 'Appends',
      input: data,
      run: async (input, { streams }) => {
        await streams.append(rooms, input);
        return 'done';
      },
    }),
    fill: tool({
      description: 'Fills a shelf',
      input: z.object({ id: z.string() }),
      run: async ({ id }, { resources, tools, prompts }) => {
        await resources.changed(`shelf://${id}`);
        await resources.changed();
        await tools.changed();
        await prompts.changed();
        return 'done';
      },
    }),
  },
  tasks: {
    count: task({ version: '1', description: 'Counts', run: async () => 'counted' }),
    restock: task({
      version: '1',
      description: 'Fills a shelf, later',
      async run(_input, { resources, sleep }) {
        await sleep(1_000);
        await resources.changed('shelf://1');
        return 'done';
      },
    }),
  },
});
