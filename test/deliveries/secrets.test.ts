/** What is secret of a subscription: how it is kept, shown and replaced. */
import { expect, test } from 'vitest';
import { Webhook } from 'standardwebhooks';
import { subscribed } from '../../src/deliveries/records/subscribed.ts';
import { ADA, deliveryStage } from './stage.ts';

const SLACK = 'https://hooks.slack.com/services/T0/B0/SECRETTOKEN';
const slack = { kind: 'webhook', secret: null, url: SLACK, shape: 'slack' } as const;
const secretOf = (text: string) => `whsec_${Buffer.from(text.padEnd(32, 'x')).toString('base64')}`;

test('the url of a chat is kept as a secret, and shown by its origin', async () => {
  const stage = deliveryStage();
  const made = await stage.subscribe({ target: slack });
  expect((await stage.subscribe({ target: slack })).id).toBe(made.id);
  const { records } = await stage.store.list('acme/subscription', { now: stage.clock.now(), limit: 5 });
  expect(records).toHaveLength(1);
  const shown = await stage.service.list(ADA, { limit: 5 });
  expect(JSON.stringify([records, made, shown])).not.toContain('SECRETTOKEN');
  expect(made.target).toMatchObject({ url: 'https://hooks.slack.com/…' });
  await stage.publish('one');
  await stage.run();
  expect(stage.received.map(({ url }) => url)).toEqual([SLACK]);
  await stage.service.unsubscribe(ADA, { source: 'stream.prices', arguments: null, to: SLACK }, stage.within());
});

test('a chat cannot be subscribed where nothing can be sealed', async () => {
  const stage = deliveryStage({ deps: { sealer: null } });
  await expect(stage.subscribe({ target: slack })).rejects.toMatchObject({ field: 'TIDEGATE_SECRET' });
});

test('a secret that is replaced twice within five minutes leaves both before it', async () => {
  const stage = deliveryStage();
  const signs = (at: number) => {
    const one = stage.events()[at];
    const signatures = one?.headers['webhook-signature']?.split(' ') ?? [];
    return ['one', 'two', 'three'].filter((text) =>
      signatures.includes(
        new Webhook(secretOf(text)).sign(String(one?.body['eventId']), new Date(one?.at ?? 0), one?.text ?? ''),
      ),
    );
  };
  for (const text of ['one', 'two', 'three']) {
    await stage.subscribe({ secret: secretOf(text) });
    await stage.clock.advance(1_000);
  }
  await stage.publish('a');
  await stage.run();
  expect(signs(0)).toEqual(['one', 'two', 'three']);
  await stage.clock.advance(5 * 60_000);
  await stage.publish('b');
  await stage.run();
  expect(signs(1)).toEqual(['three']);
});

test('a subscription that stands keeps its secret where the caller brings none', async () => {
  const stage = deliveryStage();
  const made = await stage.subscribe({ secret: secretOf('made'), keepsSecret: true });
  expect(made.keptSecret).toBeUndefined();
  expect(await stage.subscribe({ secret: secretOf('other'), keepsSecret: true })).toMatchObject({ keptSecret: true });
  await stage.clock.advance(6 * 60_000);
  await stage.publish('a');
  await stage.run();
  const one = stage.events()[0];
  const signed = new Webhook(secretOf('made')).sign(
    String(one?.body['eventId']),
    new Date(one?.at ?? 0),
    one?.text ?? '',
  );
  expect(one?.headers['webhook-signature']).toBe(signed);
});

test('what a release before kept is read', async () => {
  const stage = deliveryStage();
  await stage.subscribe();
  const { records } = await stage.store.list('acme/subscription', { now: stage.clock.now(), limit: 1 });
  const [stored] = records;
  if (stored === undefined) throw new Error('it is stored');
  const now = subscribed.read(stored);
  const former = { secret: 'sealed', until: 1 };
  expect(subscribed.decode({ ...now, previous: former } as never)).toEqual({ ...now, previous: [former] });
  expect(subscribed.decode({ ...now, previous: null } as never)).toEqual({ ...now, previous: [] });
});
