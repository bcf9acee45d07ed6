/** A pump that one agent looks after: it hears of an occurrence, looks around it, watches on, and has a task find the cause. */
import * as z from 'zod';
import { defineApp, stream, task, trigger } from 'tidegate';

const pumps = stream({
  description: 'What pumps measure',
  schema: z.object({ pump: z.string(), bar: z.number().meta({ unit: 'bar' }), rpm: z.number() }),
  key: 'pump',
});

const dropped = trigger({
  title: 'Pressure dropped',
  description:
    'The pressure behind a pump is below 2 bar. Look at what came before, then have diagnose find the cause.',
  on: pumps,
  when: { kind: 'threshold', field: 'bar', below: 2 },
});

const diagnose = task({
  description: 'Waits until a pump has reported again, and says why its pressure dropped.',
  version: '1',
  input: z.object({ pump: z.string(), since: z.number().describe('Epoch ms') }),
  async run({ pump, since }, { streams, waitFor }) {
    await waitFor(pumps, { kind: 'count', key: pump, atLeast: 1, withinMs: 60_000 }, { timeoutMs: 600_000 });
    const { events } = await streams.history(pumps, { keys: [pump], from: since - 600_000, limit: 100 });
    const slowest = Math.min(...events.flatMap(({ data }) => data?.rpm ?? []));
    return slowest < 500
      ? `${pump} ran at ${slowest} rpm: its motor is the cause`
      : `${pump} ran well: look for a leak`;
  },
});

export default defineApp({
  name: 'watchman',
  version: '1.0.0',
  description: 'Pumps of a waterworks',
  streams: { pumps },
  tasks: { diagnose },
  triggers: { dropped },
});
