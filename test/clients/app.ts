/**
 * The app that foreign clients are driven against: five streams, of which `readings` has 300 events of each of two sensors,
 * a feed that can be published to, a task that asks, a tool that asks, a tool over HTTP, and an answer that is too large for
 * one. Each event has a serial of its own, by which it is counted wherever it turns up.
 */
import * as z from 'zod';
import { defineApp, form, from, httpTool, mqtt, pull, stream, task, tool } from '../../src/index.ts';
import { EVENTS, SENSORS, serialOf } from './serials.ts';

const upstream = process.env['UPSTREAM_URL'] ?? 'http://127.0.0.1:1';

const STEP_MS = 5_000;
const BULK_ROWS = 6_000;

/** Gives its items once. */
function once(items: (now: number) => unknown[]) {
  return pull({
    everyMs: 86_400_000,
    source: 'a list of the app',
    pull: ({ position, now }) => Promise.resolve(position === null ? { items: items(now()), position: 1 } : {}),
  });
}

function readingsBefore(now: number): unknown[] {
  return Array.from({ length: EVENTS }, (_, i) =>
    SENSORS.map((sensor) => ({
      sensor,
      serial: serialOf(sensor, i + 1),
      celsius: 20 + (i % 40) / 4,
      open: i % 2 === 0,
      at: now - (EVENTS - i) * STEP_MS,
    })),
  ).flat();
}

const small = (description: string) =>
  stream({
    description,
    schema: z.object({ name: z.string(), value: z.number(), at: z.number() }),
    key: 'name',
    time: 'at',
    feed: once((now) => ['x', 'y'].map((name, i) => ({ name, value: i, at: now - 60_000 }))),
  });

const survey = task({
  description: 'Counts a site, and asks a person before it ends.',
  version: '1',
  input: z.object({ site: z.string() }),
  output: z.object({ site: z.string(), agreed: z.boolean() }),
  async run({ site }, { step, ask, progress }) {
    await step('count', () => Promise.resolve(3));
    progress('counted 3 doors');
    const answer = await ask('agree', form(`Is ${site} right?`, z.object({ right: z.boolean() })));
    const agreed = answer.action === 'accept' && answer.content.right;
    return { text: `Survey of ${site}: ${agreed ? 'agreed' : 'not agreed'}.`, structured: { site, agreed } };
  },
});

export default defineApp({
  name: 'clients',
  version: '1.0.0',
  description: 'What foreign clients are driven against',
  streams: {
    readings: stream({
      description: 'Temperature of each sensor',
      schema: z.object({
        sensor: z.string(),
        serial: z.string(),
        celsius: z.number().meta({ unit: '°C' }),
        open: z.boolean(),
        at: z.number(),
      }),
      key: 'sensor',
      time: 'at',
      feed: once(readingsBefore),
    }),
    doors: small('Doors of the site'),
    pumps: small('Pumps of the site'),
    tanks: small('Levels of the tanks'),
    lamps: stream({
      description: 'Lamps of the site, as they say over MQTT',
      schema: z.object({ on: z.boolean() }),
      feed: from('bus', { topic: 'lamps/+/state', keyLevel: 1 }),
    }),
  },
  feeds: {
    bus: mqtt({
      url: process.env['BROKER_URL'] ?? 'mqtt://127.0.0.1:1',
      clientId: 'tidegate-clients',
      topics: {
        read: ['lamps/+/state', 'lamps/+/answer'],
        publish: [
          { topic: 'lamps/+/set', schema: z.object({ on: z.boolean() }) },
          { topic: 'lamps/+/ask', response: { topic: 'lamps/+/answer', correlation: 'id' } },
        ],
      },
    }),
  },
  tasks: { survey },
  tools: {
    site: httpTool({
      description: 'What is known of a site.',
      url: `${upstream}/sites/{site}`,
      allow: [new URL(upstream).host],
      input: z.object({ site: z.string(), detail: z.int().optional() }),
      output: z.object({ name: z.string(), doors: z.number() }),
    }),
    open_door: tool({
      description: 'Opens a door, once a person agreed.',
      input: z.object({ door: z.string() }),
      run: async ({ door }, { ask }) => {
        const answer = await ask('sure', form(`Open ${door}?`, z.object({ sure: z.boolean() })));
        return `${door} ${answer.action === 'accept' && answer.content.sure ? 'is open' : 'stays closed'}.`;
      },
    }),
    register: tool({
      description: 'The whole register of the site, which is long.',
      run: () => Promise.resolve(Array.from({ length: BULK_ROWS }, (_, i) => `row ${i}: ${'x'.repeat(50)}`).join('\n')),
    }),
  },
});
