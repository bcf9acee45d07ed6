/** An app with one of each thing that a caller may need scopes for, with and without scopes of its own. */
import * as z from 'zod';
import type { Feed } from '../../src/declare/feed.ts';
import {
  completeKeys,
  completeStreams,
  defineApp,
  form,
  httpTool,
  mqtt,
  prompt,
  resource,
  secret,
  stream,
  task,
  tool,
} from '../../src/index.ts';

const Reading = z.object({ sensor: z.string(), value: z.number(), note: z.string().optional() });

/** It brings nothing. */
const quiet: Feed = {
  kind: 'feed',
  type: 'test',
  source: 'nowhere',
  pacing: {},
  replayable: false,
  problems: () => [],
  async *burst() {},
};
const Texted = z.object({ text: z.string() });
const Named = z.object({ name: z.string() });

const orders = stream({
  description: 'Orders',
  schema: Reading,
  key: 'sensor',
  tenants: 'each',
  push: { token: secret('ORDERS_TOKEN') },
});
const readings = stream({
  description: 'Readings',
  schema: Reading,
  key: 'sensor',
  tenants: 'each',
  feed: quiet,
});

export const richApp = defineApp({
  name: 'rich',
  version: '1.0.0',
  description: 'One of each thing',
  // Nothing here is about limits.
  quotas: { requests: 10_000_000 },
  // A large answer is soon made.
  results: { bytes: 65_536 },
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
    large: tool({
      description: 'More than one answer holds',
      input: Texted,
      run: async ({ text }) => Array.from({ length: 4_000 }, (_, n) => `${n} ${text}`).join('\n'),
    }),
    weather: httpTool({ description: 'An API', scopes: ['weather'], url: 'https://api.example/now' }),
  },
  tasks: {
    count: task({ description: 'Counts', version: '1', run: async () => 'counted' }),
    book: task({
      description: 'Writes pages',
      version: '1',
      input: Texted,
      run: async ({ text }, { page }) => {
        await page(text);
        return text;
      },
    }),
    agree: task({
      description: 'Asks',
      version: '1',
      input: Texted,
      run: async ({ text }, { ask }) => {
        const { action } = await ask('agreed', form(text, z.object({ yes: z.boolean() })));
        return `${action}: ${text}`;
      },
    }),
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
