/** An app of somebody's own: a plant whose devices publish temperatures, a tool that judges them, and a task that reports. */
import { defineApp, from, mqtt, stream, task, tool } from 'tidegate';
import * as z from 'zod';

export const app = defineApp({
  name: 'boilers',
  version: '1',
  description: 'Boilers of a plant',
  feeds: { plant: mqtt({ url: 'mqtts://broker.example.org', clientId: 'boilers', everyMs: 30_000 }) },
  streams: {
    temperatures: stream({
      description: 'Temperature of each boiler',
      schema: z.object({ celsius: z.number() }),
      feed: from('plant', { topic: 'plant/+/temperature', keyLevel: 1 }),
    }),
  },
  tools: {
    hottest: tool({
      description: 'The hottest boiler',
      async run(_input, { streams }) {
        const { events } = await streams.latestByKey<{ celsius: number }>('temperatures');
        const [first] = events.toSorted((a, b) => b.data.celsius - a.data.celsius);
        return first ? `${first.key} at ${first.data.celsius} °C` : 'no boiler yet';
      },
    }),
  },
  tasks: {
    report: task({
      description: 'Counts the readings of the next hour',
      version: '1',
      async run(_input, { sleep, streams }) {
        await sleep(3_600_000);
        const { events } = await streams.last('temperatures', 100);
        return `${events.length} readings`;
      },
    }),
  },
});
