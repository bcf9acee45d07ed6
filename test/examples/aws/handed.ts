/** Streams that event sources of AWS Lambda fill. */
import { defineApp, kinesis, sqs, stream } from 'tidegate';
import * as z from 'zod';

const Quote = z.object({ symbol: z.string(), price: z.number() });
const Order = z.object({ id: z.string(), total: z.number() });
const Notification = z.object({ Message: z.string() });

export default defineApp({
  name: 'market',
  version: '1.0.0',
  description: 'Quotes and orders',
  streams: {
    quotes: stream({ description: 'Quotes', schema: Quote, key: 'symbol', feed: kinesis() }),
    orders: stream({
      description: 'Orders',
      schema: Order,
      id: 'id',
      // Messages of SNS in a queue without raw delivery.
      feed: sqs({ items: ({ data }) => [JSON.parse(Notification.parse(data).Message) as unknown] }),
    }),
  },
});
