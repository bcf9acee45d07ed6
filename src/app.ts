/**
 * The app that is deployed: what an operator edits. It runs unchanged on Node, on Cloudflare Workers and anywhere else;
 * `npm start` adds the streams of `hosts/demo/demo.ts`, which only Node has.
 */
import * as z from 'zod';
import { defineApp, http, stream } from './index.ts';

const Feature = z.object({
  id: z.string(),
  properties: z.object({
    mag: z.number().nullable(),
    place: z.string().nullable(),
    time: z.number(),
    updated: z.number(),
    url: z.string(),
    tsunami: z.number().nullish(),
    alert: z.string().nullish(),
  }),
  geometry: z.object({ coordinates: z.tuple([z.number(), z.number(), z.number().nullable()]) }),
});

const Quake = z.object({
  id: z.string().describe('USGS event id'),
  magnitude: z.number().nullable().describe('Magnitude; null while not yet computed'),
  place: z.string().nullable().describe('Where, in words'),
  longitude: z.number().meta({ unit: '°', description: 'Longitude of the epicentre' }),
  latitude: z.number().meta({ unit: '°', description: 'Latitude of the epicentre' }),
  depth: z.number().nullable().meta({ unit: 'km', description: 'Depth below the surface' }),
  time: z.number().meta({ unit: 'ms since 1970', description: 'When it happened' }),
  updated: z.number().meta({ unit: 'ms since 1970', description: 'When USGS last revised it' }),
  tsunami: z.boolean().describe('Whether a tsunami message was issued'),
  alert: z.string().nullable().describe('PAGER alert level: green, yellow, orange, red'),
  url: z.string().describe('Event page'),
});

/** A GeoJSON feature of the USGS summary feed, flattened. */
function flatten(raw: unknown): unknown {
  const feature = Feature.safeParse(raw);
  if (!feature.success) return raw;
  const { id, properties, geometry } = feature.data;
  const [longitude, latitude, depth] = geometry.coordinates;
  const { mag, tsunami, alert, ...rest } = properties;
  return { ...rest, id, magnitude: mag, longitude, latitude, depth, tsunami: tsunami === 1, alert: alert ?? null };
}

export default defineApp({
  name: 'tidegate',
  version: '0.1.0',
  title: 'Tidegate',
  description: 'Live data for agents: earthquakes as USGS publishes them, and whatever else is declared here',
  streams: {
    quakes: stream({
      title: 'Earthquakes',
      description: 'Earthquakes of the past hour, worldwide, from the USGS summary feed; revised as USGS revises them.',
      schema: z.preprocess(flatten, Quake),
      time: 'time',
      id: 'id',
      revision: 'updated',
      retention: { events: 50_000, ageMs: 30 * 86_400_000 },
      feed: http({
        url: 'https://earthquake.usgs.gov/earthquakes/feed/v1.0/summary/all_hour.geojson',
        items: 'features',
        everyMs: 60_000,
      }),
    }),
  },
});
