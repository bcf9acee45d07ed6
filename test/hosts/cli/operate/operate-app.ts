/** The app that the tests of operators' commands name. */
import * as z from 'zod';
import { defineApp, stream } from '../../../../src/index.ts';

export default defineApp({
  name: 'operated',
  version: '1',
  description: 'An app with streams to operate on',
  streams: {
    readings: stream({
      description: 'Readings',
      schema: z.object({ device: z.string(), n: z.number() }),
      key: 'device',
    }),
    notes: stream({ description: 'Notes', schema: z.object({ text: z.string() }) }),
  },
});
