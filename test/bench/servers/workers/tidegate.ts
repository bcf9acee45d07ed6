/** The whole app as a Worker; no call reaches its store. */
import { defineApp, tool } from '../../../../src/index.ts';
import { createWorker } from '../../../../src/hosts/workers/host.ts';
import { answer, DESCRIPTION, Input, NAMES } from '../tools.ts';

export default createWorker(
  defineApp({
    name: 'bench',
    version: '1.0.0',
    description: 'Twenty tools',
    tools: Object.fromEntries(
      NAMES.map((name) => [
        name,
        tool({ description: DESCRIPTION, input: Input, run: async (input) => answer(input) }),
      ]),
    ),
  }),
);
