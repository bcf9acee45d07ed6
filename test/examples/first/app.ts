import { defineApp, http, secret, stream, tool } from 'tidegate';
import * as z from 'zod';

const rooms = stream({
  description: 'Temperature of each room, pushed by its sensor',
  schema: z.object({ room: z.string(), celsius: z.number().meta({ unit: '°C' }) }),
  key: 'room',
  push: { token: secret('PUSH_TOKEN') },
});

const Quakes = z.object({ features: z.array(z.object({ id: z.string(), properties: z.json() })) });

const quakes = stream({
  description: 'Earthquakes of the past hour, worldwide, from USGS; its key is the network that reports',
  schema: z.object({
    id: z.string(),
    net: z.string(),
    time: z.number(),
    updated: z.number(),
    mag: z.number().nullable(),
    place: z.string().nullable(),
  }),
  key: 'net',
  time: 'time',
  id: 'id',
  revision: 'updated',
  feed: http({
    url: 'https://earthquake.usgs.gov/earthquakes/feed/v1.0/summary/all_hour.geojson',
    pick: (body) => Quakes.parse(body).features.map(({ id, properties }) => Object.assign({ id }, properties)),
    everyMs: 60_000,
  }),
});

const warmest = tool({
  description: 'The room that is warmest now.',
  scopes: ['streams:read:rooms'],
  run: async (_input, { streams }) => {
    const { events } = await streams.latestByKey(rooms);
    const [first] = events.toSorted((a, b) => b.data.celsius - a.data.celsius);
    return first ? `${first.data.room}, ${first.data.celsius} °C` : 'No room has reported yet.';
  },
});

export default defineApp({
  name: 'first',
  version: '1.0.0',
  description: 'Rooms and earthquakes',
  streams: { rooms, quakes },
  tools: { warmest },
});
