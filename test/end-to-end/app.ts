/** An app as a user would write it, for the whole way from upstream to client; its upstreams are named in the environment. */
import * as z from 'zod';
import { defineApp, form, from, http, mqtt, stream, tool } from '../../src/index.ts';

const feedUrl = process.env['QUAKES_URL'] ?? 'http://127.0.0.1:1/quakes';
const brokerUrl = process.env['MQTT_URL'] ?? 'mqtt://127.0.0.1:1';

const Quake = z.object({
  id: z.string(),
  properties: z.object({ mag: z.number().nullable(), place: z.string(), time: z.number(), updated: z.number() }),
});

export default defineApp({
  name: 'end-to-end',
  version: '1.0.0',
  description: 'Earthquakes and a plant, from servers of the test',
  feeds: { plant: mqtt({ url: brokerUrl, clientId: 'end-to-end', everyMs: 1 }) },
  streams: {
    quakes: stream({
      description: 'Earthquakes',
      schema: Quake,
      id: 'id',
      revision: ({ properties }) => properties.updated,
      time: ({ properties }) => properties.time,
      feed: http({ url: feedUrl, items: 'features', allow: [new URL(feedUrl).host], everyMs: 1 }),
    }),
    temperatures: stream({
      description: 'Temperatures of the plant',
      schema: z.object({ celsius: z.number().meta({ unit: '°C' }) }),
      feed: from('plant', { topic: 'plant/+/temperature', keyLevel: 1 }),
    }),
  },
  tools: {
    shut_down: tool({
      description: 'Shuts the plant down, if a person says so.',
      run: async (_input, { ask }) => {
        const answer = await ask('sure', form('Shut it down?', z.object({ sure: z.boolean() })));
        return answer.action === 'accept' && answer.content.sure ? 'It is shut down.' : 'It goes on.';
      },
    }),
  },
});
