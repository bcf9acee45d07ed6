/** What the runs that kill those who deliver share: an app, whose receivers are of this machine, and what deliveries work with. */
import * as z from 'zod';
import type { Principal } from '../../../src/base/principal.ts';
import type { Runtime } from '../../../src/base/runtime.ts';
import { createSealer } from '../../../src/base/seal.ts';
import type { DeliveryDeps } from '../../../src/deliveries/records/deps.ts';
import { sourcesIn } from '../../../src/deliveries/work/rights.ts';
import { defineApp, stream } from '../../../src/index.ts';
import type { Store } from '../../../src/store/store.ts';

export const ADA: Principal = { tenant: 'acme', subject: 'ada', client: null, scopes: ['*'] };
export const SECRET = `whsec_${Buffer.from('a secret of thirty-two bytes, ok').toString('base64')}`;
export const PLACES = [{ tenant: 'public', stream: 'ticks' }];

export function deliveryWorld(store: Store, runtime: Runtime, receiver: string): DeliveryDeps {
  const app = defineApp({
    name: 'ticks',
    version: '1.0.0',
    description: 'Ticks',
    streams: {
      ticks: stream({ description: 'Ticks', schema: z.object({ id: z.string(), of: z.number() }), id: 'id' }),
    },
    quotas: { subscriptions: 10_000 },
    webhooks: { allow: [receiver] },
  });
  const sealer = createSealer({ current: 'the secret of a server in a test', previous: null }, 'ticks/webhook');
  return { app, store, runtime, isOpen: false, sealer, sourcesOf: () => sourcesIn(app) };
}
