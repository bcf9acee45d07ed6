/** Streams of what others send signed: orders of a sender that keeps to Standard Webhooks, and pushes to a repository. */
import * as z from 'zod';
import { defineApp, secret, stream } from 'tidegate';

const Order = z.object({ number: z.string(), total: z.number() });
const GitPush = z.object({ ref: z.string(), after: z.string(), repository: z.object({ full_name: z.string() }) });

// #region signed
const orders = stream({
  description: 'Orders of the shop, as it sends them',
  schema: Order,
  key: 'number',
  push: {
    // While the secret is changed: the new one, and the one before it for as long as that is set.
    standardWebhooks: [secret('SHOP_SECRET'), secret('SHOP_SECRET_PREVIOUS', null, { optional: true })],
  },
});
const pushes = stream({
  description: 'Pushes to the repository, as GitHub tells them',
  schema: GitPush,
  push: { github: secret('GITHUB_SECRET') },
});
// #endregion

export default defineApp({
  name: 'hooks',
  version: '1',
  description: 'What a shop and GitHub send',
  streams: { orders, pushes },
});
