/** A house, and what those who live in it ask. */
import * as z from 'zod';
import { defineApp, stream } from '../../../src/index.ts';
import { call, history, latest, type Question, waiting } from './question.ts';

const climate = stream({
  description: 'Temperature and humidity of each room, every minute.',
  schema: z.object({
    room: z.string(),
    celsius: z.number().meta({ unit: '°C' }),
    humidity: z.number().meta({ unit: '%' }),
  }),
  key: 'room',
});
const power = stream({
  description: 'What the house draws from the grid, every ten seconds.',
  schema: z.object({ watts: z.number().meta({ unit: 'W', description: 'Negative: it feeds in' }) }),
});
const doors = stream({
  description: 'Doors and windows, when one is opened or closed.',
  schema: z.object({ door: z.string(), open: z.boolean() }),
  key: 'door',
});
const forecast = stream({
  description: 'Forecast of the outdoor temperature, an event an hour, for the next three days.',
  schema: z.object({ at: z.string(), celsius: z.number().meta({ unit: '°C' }) }),
  time: 'at',
  aheadMs: 4 * 86_400_000,
});

export const app = defineApp({
  name: 'house',
  version: '1',
  description: 'A house',
  streams: { climate, power, doors, forecast },
});

export const examples = {
  climate: { room: 'kitchen', celsius: 21, humidity: 50 },
  power: { watts: 400 },
  doors: { door: 'front', open: false },
  forecast: { at: '2026-11-22T12:00:00Z', celsius: 4 },
};

const KITCHEN = {
  stream: 'climate',
  from: '-24h',
  window: '30m',
  field: 'celsius',
  keys: ['kitchen'],
  format: 'sparkline',
};

export const questions: readonly Question[] = [
  {
    ask: 'How humid is the bathroom at present?',
    call: latest({ stream: 'climate', key: 'bathroom' }),
    or: [history({ stream: 'climate', keys: ['bathroom'], limit: 1 })],
  },
  {
    ask: 'How warm will it be outside in the next 6 hours?',
    call: history({ stream: 'forecast', from: 'now', to: '+6h' }),
  },
  {
    ask: 'What did the house draw on average on each day of the last 7 days, with days as in Berlin?',
    call: history({
      stream: 'power',
      from: '-7d',
      window: '1d',
      field: 'watts',
      aggregates: ['mean'],
      zone: 'Europe/Berlin',
    }),
  },
  {
    ask: 'Weigh the power by how long each value held: what is its mean over the last hour, as one number?',
    call: history({ stream: 'power', from: '-1h', window: 'all', field: 'watts', aggregates: ['timeWeightedMean'] }),
  },
  {
    ask: 'When was the front door opened since yesterday at this time?',
    call: history({ stream: 'doors', from: '-24h', keys: ['front'], where: { open: true } }),
    or: [history({ stream: 'doors', from: '-1d', keys: ['front'], where: { open: true } })],
  },
  {
    ask: 'Let me know when the power rises by more than 1000 W a minute, measured over 2 minutes.',
    call: waiting('power', { kind: 'rate', field: 'watts', per: 'minute', overMs: 120_000, above: 1_000 }),
  },
  {
    ask: 'Let me know when the living-room temperature has moved by 2 degrees or more.',
    call: waiting('climate', { kind: 'change', field: 'celsius', by: 2, key: 'living-room' }),
  },
  {
    ask: 'Follow the doors for 20 seconds, and tell me what happens.',
    call: call('tail_stream', { stream: 'doors', seconds: 20 }),
  },
  {
    ask: 'Was there any silence of more than 10 minutes in the climate readings of a room today (last 12 hours), and how many?',
    call: history({ stream: 'climate', from: '-12h', window: 'all', aggregates: ['gaps>10m'] }),
    or: [history({ stream: 'climate', from: '-12h', window: 'all', field: 'celsius', aggregates: ['gaps>10m'] })],
  },
  {
    ask: 'Draw me a sparkline of the kitchen temperature, one point for each 30 minutes of the last day.',
    call: history({ ...KITCHEN, aggregates: ['mean'] }),
    // Without aggregates it draws the least of each window.
    or: [history(KITCHEN)],
  },
];
