/** The logs of some services, and what those who run them ask. */
import * as z from 'zod';
import { defineApp, stream } from '../../../src/index.ts';
import { call, history, latest, type Question, waiting } from './question.ts';

const requests = stream({
  description: 'Each HTTP request that a service answered.',
  schema: z.object({
    service: z.string(),
    path: z.string(),
    status: z.number().describe('HTTP status'),
    tookMs: z.number().meta({ unit: 'ms' }),
    client: z.object({ country: z.string() }),
  }),
  key: 'service',
});
const problems = stream({
  description: 'Lines that services logged as warnings or worse.',
  schema: z.object({ service: z.string(), level: z.enum(['warn', 'error', 'fatal']), message: z.string() }),
  key: 'service',
});
const deploys = stream({
  description: 'Deployments.',
  schema: z.object({ service: z.string(), version: z.string(), by: z.string() }),
  key: 'service',
});

export const app = defineApp({
  name: 'log',
  version: '1',
  description: 'Logs of services',
  streams: { requests, problems, deploys },
});

export const examples = {
  requests: { service: 'checkout', path: '/pay', status: 502, tookMs: 840, client: { country: 'DE' } },
  problems: { service: 'checkout', level: 'error', message: 'timeout' },
  deploys: { service: 'checkout', version: '1.4.2', by: 'kim' },
};

export const questions: readonly Question[] = [
  {
    ask: 'Which version of each service is deployed?',
    call: latest({ stream: 'deploys' }),
  },
  {
    ask: 'The requests to checkout with a status of 500 or more in the last 15 minutes.',
    call: history({ stream: 'requests', from: '-15m', keys: ['checkout'], where: { status: { atLeast: 500 } } }),
    or: [history({ stream: 'requests', from: '-15m', keys: ['checkout'], where: { status: { above: 499 } } })],
  },
  {
    ask: 'Median and 99th percentile of the response time of each service for each minute of the last half hour.',
    call: history({
      stream: 'requests',
      from: '-30m',
      window: '1m',
      field: 'tookMs',
      aggregates: ['p50', 'p99'],
    }),
  },
  {
    ask: 'How many requests were there from each country in the last hour, all services together?',
    call: history({ stream: 'requests', from: '-1h', window: 'all', by: ['client.country'] }),
    or: [
      history({ stream: 'requests', from: '-1h', window: 'all', by: ['client.country'], aggregates: ['count'] }),
      history({ stream: 'requests', from: '-1h', window: '1h', by: ['client.country'] }),
    ],
  },
  {
    ask: 'How many warnings, errors and fatal lines were there in each 5 minutes of the last hour, also where there were none?',
    call: history({ stream: 'problems', from: '-1h', window: '5m', by: ['level'], empty: true }),
    or: [
      history({ stream: 'problems', from: '-1h', window: '5m', by: ['level'], empty: true, aggregates: ['count'] }),
      history({ stream: 'problems', from: '-1h', window: '5m', by: ['key', 'level'], empty: true }),
    ],
  },
  {
    ask: 'Tell me when a service whose name begins with pay- logs something fatal.',
    call: waiting('problems', { kind: 'match', key: { like: 'pay-*' }, where: { level: 'fatal' } }),
  },
  {
    ask: 'Tell me when 10 lines of level error or fatal were logged within one minute, all services together.',
    call: waiting('problems', {
      kind: 'count',
      atLeast: 10,
      withinMs: 60_000,
      where: { level: { oneOf: ['error', 'fatal'] } },
    }),
  },
  {
    ask: 'Which streams are there, and when did each get its newest event?',
    call: call('list_streams', {}),
  },
  {
    ask: 'Write all requests of the last 24 hours to NDJSON pages.',
    call: call('export_history', { stream: 'requests', from: '-24h', format: 'ndjson' }),
    or: [call('export_history', { stream: 'requests', from: '-1d', format: 'ndjson' })],
  },
  {
    ask: 'Wait for the next deployment of checkout, for 15 seconds, and show it.',
    call: call('tail_stream', { stream: 'deploys', keys: ['checkout'], seconds: 15 }),
    or: [call('tail_stream', { stream: 'deploys', keys: ['checkout'], seconds: 15, maxEvents: 1 })],
  },
];
