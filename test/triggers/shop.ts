/** An app with one trigger on orders, and payments beside. */
import * as z from 'zod';
import { isGap } from '../../src/base/event.ts';
import type { OccurrenceData } from '../../src/declare/trigger.ts';
import { type AppOptions, defineApp, stream, trigger } from '../../src/index.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import type { Store } from '../../src/store/store.ts';
import { loggedEvent, streamLog } from '../../src/streams/log/stream-log.ts';
import { createTestApp } from '../../src/testing.ts';

const schema = z.object({ id: z.string(), what: z.string(), n: z.number(), at: z.string() });
export const orders = stream({ description: 'Orders', schema, key: 'id', time: 'at' });
export const payments = stream({ description: 'Payments', schema, key: 'id', time: 'at' });
export const high = { kind: 'threshold', field: 'n', above: 30 } as const;
export const is = (what: string) => ({ kind: 'match', where: { what } }) as const;

type Declared = Omit<Parameters<typeof trigger>[0], 'description' | 'on'> & {
  on?: Parameters<typeof trigger>[0]['on'];
};

/** @param at epoch ms that the clock of this process shows at first */
export function shop(declared: Declared, store: Store = createMemoryStore(), at?: number) {
  const made = trigger({ description: 'Something', on: orders, ...declared });
  const options: AppOptions = { name: 'shop', version: '1', description: 'A shop', streams: { orders, payments } };
  const app = createTestApp(defineApp({ ...options, triggers: { it: made } }), {
    store,
    ...(at === undefined ? {} : { at }),
  });
  const entries = async () => (await store.read(streamLog('public', 'trigger.it'), null, 1_000)).entries;
  return {
    app,
    store,
    event: (id: string, more: { what?: string; n?: number; at?: number; to?: string } = {}) => {
      const { what = 'order', n = 40, at: time = app.now(), to = 'orders' } = more;
      return app.streams.append(to, { id, what, n, at: new Date(time).toISOString() });
    },
    told: async () =>
      (await entries()).flatMap((entry) => {
        const event = loggedEvent.read(entry);
        return isGap(event) ? [] : [`${(event.data as unknown as OccurrenceData).became} ${event.key}`];
      }),
    /** The log of the trigger, as it is stored. */
    logged: async () => JSON.stringify(await entries()),
  };
}

export const each = (count: number, call: (id: string) => Promise<unknown>) =>
  Array.from({ length: count }, (_, index) => index).reduce<Promise<unknown>>(
    (before, index) => before.then(() => call(`k${index}`)),
    Promise.resolve(),
  );
