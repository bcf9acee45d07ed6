/** An app that says what it was given. */
import * as z from 'zod';
import { defineApp, tool } from '../../../src/index.ts';

export default defineApp({
  name: 'echo',
  version: '1.0.0',
  description: 'Says what it was given',
  tools: {
    echo: tool({
      description: 'Says what it was given.',
      input: z.object({ id: z.string(), text: z.string() }),
      run: async ({ id, text }) => `${id} ${text}`,
    }),
  },
});
