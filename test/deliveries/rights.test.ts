/** How long what somebody subscribed to stands, by how it is known what they may do. */
import { expect, test } from 'vitest';
import { KEY_PREFIX } from '../../src/auth/keys/key-text.ts';
import { deliveryDeps, type WorkDeps } from '../../src/calls/events/delivery-deps.ts';
import { ADA, appOf, deliveryStage } from './stage.ts';

const BY_KEY = { ...ADA, client: `${KEY_PREFIX}abc` };
const DAY_MS = 86_400_000;

test('without an end only what is by a key, since what a token allowed cannot be asked again', async () => {
  const app = appOf({ webhooks: { endless: true } });
  const { isAskedAgain } = deliveryDeps(deliveryStage({ app }).deps as unknown as WorkDeps);
  const stage = deliveryStage({ app, deps: { isAskedAgain } });
  expect((await stage.subscribe({ ttlMs: null }, BY_KEY)).refreshBefore).toBeNull();
  for (const client of [null, 'https://agent.example.com/client']) {
    const { refreshBefore } = await stage.subscribe({ ttlMs: null }, { ...ADA, client });
    expect(refreshBefore).toBe(stage.clock.now() + DAY_MS);
  }
});

test('what a release before made without an end for a token is over after the longest time', async () => {
  const app = appOf({ webhooks: { endless: true } });
  let isKnown = true;
  const stage = deliveryStage({ app, deps: { isAskedAgain: () => isKnown } });
  await stage.subscribe({ ttlMs: null });
  isKnown = false;
  await stage.publish('one');
  await stage.run();
  await stage.clock.advance(DAY_MS);
  await stage.publish('two');
  await stage.run();
  expect(stage.ids()).toEqual(['one']);
  expect((await stage.service.list(ADA, { limit: 1 })).subscriptions).toEqual([]);
});

test('a test is of what the subscriber may have, whoever asks for it', async () => {
  const app = appOf();
  const rights = deliveryDeps(deliveryStage({ app }).deps as unknown as WorkDeps);
  const stage = deliveryStage({ app, deps: { sourcesOf: (principal) => rights.sourcesOf(principal) } });
  const { id } = await stage.subscribe({}, { ...ADA, scopes: ['streams:read', 'events'] });
  const asked = { tenant: ADA.tenant, subject: ADA.subject, client: null, scopes: [] };
  const tried = await stage.service.test(asked, id, stage.clock.now() + 10_000);
  expect(tried.outcome).toBe('acknowledged');
});
