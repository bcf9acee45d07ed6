/** The app of the floods: a stream with a backlog of events of 1.2 KB, and one that takes pushes. */
import * as z from 'zod';
import { defineApp, secret, stream } from '../../src/index.ts';

export const PUSH_TOKEN = 'the-token-of-the-floods';
export const app = defineApp({
  name: 'flooded',
  version: '1.0.0',
  description: 'What floods are tried on',
  streams: {
    backlog: stream({
      description: 'A backlog of large events.',
      schema: z.object({ device: z.string(), n: z.number(), text: z.string() }),
      key: 'device',
      retention: { events: 2_000 },
    }),
    pushed: stream({
      description: 'What good clients push.',
      schema: z.object({ n: z.number() }),
      push: { token: secret('FLOOD_TOKEN') },
    }),
  },
});
