/** An app with one of each thing that a caller may need scopes for, with and without scopes of its own. */
import * as z from 'zod';
import {
  completeKeys,
  completeStreams,
  defineApp,
  http,
  httpTool,
  mqtt,
  prompt,
  resource,
  secret,
  stream,
  task,
  tool,
} from '../../src/index.ts';

const Reading = z.object({ sensor: z.string(), value: z.number() });
const Named = z.object({ name: z.string() });

const orders = stream({
  description: 'Orders',
  schema: Reading,
  key: 'sensor',
  push: { token: secret('ORDERS_TOKEN') },
});
const readings = stream({
  description: 'Readings',
  schema: Reading,
  key: 'sensor',
  feed: http({ url: 'https://readings.example/all' }),
});

export const richApp = defineApp({
  name: 'rich',
  version: '1.0.0',
  description: 'One of each thing',
  feeds: { broker: mqtt({ url: 'mqtt://broker.example', topics: { publish: ['a/+'] } }) },
  streams: { orders, readings },
  tools: {
    open: tool({ description: 'For everyone', run: async () => 'open' }),
    guarded: tool({
      description: 'For some',
      scopes: ['crm:write'],
      input: Named,
      run: async ({ name }) => `guarded ${name}`,
    }),
    weather: httpTool({ description: 'An API', scopes: ['weather'], url: 'https://api.example/now' }),
  },
  tasks: {
    count: task({ description: 'Counts', version: '1', run: async () => 'counted' }),
    report: task({ description: 'Reports', version: '1', scopes: ['reports'], run: async () => 'reported' }),
  },
  resources: {
    about: resource({ uri: 'about://all', read: async () => 'about' }),
    ledger: resource({
      uri: 'ledger://{year}',
      scopes: ['ledger', 'audit'],
      read: async ({ year }) => `ledger ${year}`,
    }),
  },
  prompts: {
    ask: prompt({
      description: 'Asks',
      arguments: [
        { name: 'stream', complete: completeStreams },
        { name: 'order', complete: completeKeys(orders) },
      ],
      run: async () => 'ask',
    }),
    plan: prompt({
      description: 'Plans',
      scopes: ['plans'],
      arguments: [{ name: 'of', complete: async () => ['today'] }],
      run: async () => 'plan',
    }),
  },
});

export const RICH_VARIABLES: Readonly<Record<string, string>> = { ORDERS_TOKEN: 'a-token-of-orders-for-tests' };
