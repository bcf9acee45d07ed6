/** A plant, and what somebody on shift asks of it. */
import * as z from 'zod';
import { defineApp, stream } from '../../../src/index.ts';
import { call, history, latest, type Question, waiting } from './question.ts';

const temperatures = stream({
  description: 'Temperature of each boiler at its outlet, once a second.',
  schema: z.object({ boiler: z.string(), celsius: z.number().meta({ unit: '°C', description: 'At the outlet' }) }),
  key: 'boiler',
});
const pumps = stream({
  description: 'State and speed of each pump, when either changes.',
  schema: z.object({ pump: z.string(), state: z.enum(['running', 'stopped', 'fault']), rpm: z.number() }),
  key: 'pump',
});
const energy = stream({
  description:
    'Readings of the electricity meters, every minute. The count begins again at 0 when a meter is replaced.',
  schema: z.object({ meter: z.string(), total: z.number().meta({ unit: 'kWh', description: 'Counter' }) }),
  key: 'meter',
});
const alarms = stream({
  description: 'Alarms of the control room.',
  schema: z.object({ severity: z.enum(['low', 'high']), text: z.string(), area: z.string() }),
});

export const app = defineApp({
  name: 'plant',
  version: '1',
  description: 'A plant',
  streams: { temperatures, pumps, energy, alarms },
});

export const examples = {
  temperatures: { boiler: 'boiler-1', celsius: 81 },
  pumps: { pump: 'pump-3', state: 'running', rpm: 1_480 },
  energy: { meter: 'main', total: 120 },
  alarms: { severity: 'high', text: 'flame lost', area: 'north' },
};

export const questions: readonly Question[] = [
  {
    ask: 'How hot is boiler-2 right now?',
    call: latest({ stream: 'temperatures', key: 'boiler-2' }),
    or: [history({ stream: 'temperatures', keys: ['boiler-2'], limit: 1 })],
  },
  { ask: 'What is every pump doing at the moment?', call: latest({ stream: 'pumps' }) },
  {
    ask: 'Show the mean and the highest temperature of each boiler for each 10 minutes of the last 6 hours.',
    call: history({
      stream: 'temperatures',
      from: '-6h',
      window: '10m',
      field: 'celsius',
      aggregates: ['mean', 'max'],
    }),
  },
  {
    ask: 'How much electricity did each meter count in the last 24 hours, if a meter may have been replaced meanwhile?',
    call: history({ stream: 'energy', from: '-24h', window: 'all', field: 'total', aggregates: ['increase'] }),
    or: [history({ stream: 'energy', from: '-1d', window: 'all', field: 'total', aggregates: ['increase'] })],
  },
  {
    ask: 'List the alarms of severity high in area north during the last 2 hours.',
    call: history({ stream: 'alarms', from: '-2h', where: { severity: 'high', area: 'north' } }),
  },
  {
    ask: 'Tell me as soon as any boiler is hotter than 95 °C, within the next hour at most.',
    call: waiting('temperatures', { kind: 'threshold', field: 'celsius', above: 95 }, { seconds: 3_600 }),
    or: [waiting('temperatures', { kind: 'threshold', field: 'celsius', above: 95 })],
  },
  {
    ask: 'Tell me when pump-3 reports a fault.',
    call: waiting('pumps', { kind: 'match', key: 'pump-3', where: { state: 'fault' } }),
  },
  {
    ask: 'Warn me if no boiler has sent a temperature for 5 minutes.',
    call: waiting('temperatures', { kind: 'absence', forMs: 300_000 }),
    or: [waiting('temperatures', { kind: 'absence', forMs: 300_000, perKey: false })],
  },
  {
    ask: 'Give me the whole of June 2026 of the pump states as a CSV file (UTC).',
    call: call('export_history', {
      stream: 'pumps',
      from: '2026-06-01T00:00:00Z',
      to: '2026-07-01T00:00:00Z',
      format: 'csv',
    }),
  },
  {
    ask: 'Which 3 boilers had the highest 95th percentile of temperature in the last hour?',
    call: history({
      stream: 'temperatures',
      from: '-1h',
      window: 'all',
      field: 'celsius',
      aggregates: ['p95'],
      top: { n: 3, by: 'p95' },
    }),
  },
];
