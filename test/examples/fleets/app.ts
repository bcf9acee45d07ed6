/** Several tenants push to one app: a sender that has the data of all of them, and senders of their own. */
import * as z from 'zod';
import { defineApp, secret, stream } from 'tidegate';

// #region tenants
/** One sender for all: its token names nobody, so each event says whose it is. */
const trips = stream({
  description: 'Trips that ended, of all customers, as the dispatcher tells them',
  schema: z.object({ customer: z.string(), vehicle: z.string(), km: z.number() }),
  key: 'vehicle',
  tenants: ({ customer }) => customer,
  push: { token: secret('DISPATCHER_TOKEN') },
});

/** A sender for each customer, with a key of that tenant: the key says whose it is. */
const positions = stream({
  description: 'Where each vehicle of the customer is',
  schema: z.object({ vehicle: z.string(), lat: z.number(), lon: z.number() }),
  key: 'vehicle',
  tenants: 'each',
  push: { token: secret('POSITIONS_TOKEN') },
});
// #endregion

export default defineApp({
  name: 'fleets',
  version: '1',
  description: 'Vehicles of several customers',
  streams: { trips, positions },
});
