/** Tickets of customers whose service is down: two streams, joined by the customer. */
import * as z from 'zod';
import { defineApp, stream, trigger } from 'tidegate';

const tickets = stream({
  description: 'Tickets that customers open',
  schema: z.object({ customer: z.string(), subject: z.string(), urgent: z.boolean() }),
  key: 'customer',
});
const outages = stream({
  description: 'Whether the service of a customer is up',
  schema: z.object({ customer: z.string(), up: z.boolean() }),
  key: 'customer',
});

const waiting = trigger({
  title: 'Down, and asking',
  description: 'A customer whose service is down has an urgent ticket: call them.',
  on: { tickets, outages },
  when: {
    kind: 'all',
    of: [
      { kind: 'match', on: 'tickets', where: { urgent: true } },
      { kind: 'match', on: 'outages', where: { up: false } },
    ],
  },
  says: ({ key }) => `${key} is down and waits for an answer`,
});

export default defineApp({
  name: 'tickets',
  version: '1.0.0',
  description: 'A help desk',
  streams: { tickets, outages },
  triggers: { waiting },
});
