/** The app of the page on declaring, for asking: valves, which nobody opens without a person's word. */
import * as z from 'zod';
import { defineApp, form, stream, tool } from 'tidegate';

export const valves = stream({
  description: 'How far each valve was opened, and when',
  schema: z.object({ valve: z.string(), percent: z.int().meta({ unit: '%' }) }),
  key: 'valve',
});

// #region asking
const openValve = tool({
  description: 'Opens a valve, once a person agreed and said how far.',
  input: z.object({ valve: z.string() }),
  run: async ({ valve }, { ask, streams }) => {
    const opening = z.object({ percent: z.int().min(1).max(100).default(50).describe('how far') });
    const answer = await ask('opening', form(`Open valve ${valve}?`, opening));
    if (answer.action !== 'accept') return `Valve ${valve} stays as it is.`;
    const { percent } = answer.content;
    await streams.append(valves, { valve, percent });
    return `Valve ${valve} is open at ${percent} %.`;
  },
});
// #endregion

export default defineApp({
  name: 'valves',
  version: '1.0.0',
  description: 'Valves of a plant',
  streams: { valves },
  tools: { open_valve: openValve },
});
