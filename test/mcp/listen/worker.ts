/** A Worker to listen to: one stream, and a tool that appends to it. */
import * as z from 'zod';
import { createWorker } from '../../../src/hosts/workers/host.ts';
import { defineApp, stream, tool } from '../../../src/index.ts';

const rooms = stream({ description: 'Rooms', schema: z.object({ room: z.string() }), key: 'room' });

export default createWorker(
  defineApp({
    name: 'listened',
    version: '1.0.0',
    description: 'Something to listen to',
    streams: { rooms },
    tools: {
      put: tool({
        description: 'Appends',
        input: z.object({ room: z.string() }),
        run: async (input, { streams }) => {
          await streams.append(rooms, input);
          return 'done';
        },
      }),
    },
  }),
);
