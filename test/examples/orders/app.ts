/** Orders that were paid and are not on their way two hours later; one occurrence for each order. */
import * as z from 'zod';
import { defineApp, stream, trigger } from 'tidegate';

const orders = stream({
  description: 'What happens to orders',
  schema: z.object({ order: z.string(), status: z.enum(['paid', 'shipped', 'cancelled']), total: z.number() }),
  key: 'order',
});

const stuck = trigger({
  title: 'Paid and not shipped',
  description: 'An order was paid, and neither shipped nor cancelled within two hours: ask the warehouse.',
  on: orders,
  when: {
    kind: 'missing',
    first: { kind: 'match', where: { status: 'paid' } },
    next: { kind: 'match', where: { status: { oneOf: ['shipped', 'cancelled'] } } },
    withinMs: 2 * 3_600_000,
  },
  says: ({ key }) => `order ${key} was paid two hours ago and is still here`,
});

export default defineApp({
  name: 'orders',
  version: '1.0.0',
  description: 'Orders of a shop',
  streams: { orders },
  triggers: { stuck },
});
