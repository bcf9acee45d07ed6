/** A subscription that leaves behind whatever subscriptions can leave: confirmed, followed, with something to deliver. */
import { PUBLIC } from '../../src/base/principal.ts';
import { createSealer } from '../../src/base/seal.ts';
import { createAppStreams } from '../../src/calls/streams.ts';
import type { DeliveryDeps } from '../../src/deliveries/records/deps.ts';
import { createSubscriptions } from '../../src/deliveries/subscriptions.ts';
import { followOutbox } from '../../src/deliveries/work/outbox.ts';
import { sourcesIn } from '../../src/deliveries/work/rights.ts';
import type { Deps } from '../../src/streams/deps.ts';
import { scopeOfLogs } from '../../src/streams/scope.ts';
import { SECRETS } from '../calls/states.ts';
import { requestOf, taking } from '../deliveries/stage.ts';

export async function driveDeliveries({ app, store, runtime }: Deps): Promise<void> {
  const deps: DeliveryDeps = {
    app,
    store,
    runtime: {
      ...runtime,
      resolve: async () => ['203.0.114.7'],
      async fetch(_url, init) {
        const text = typeof init?.body === 'string' ? init.body : '';
        const body = JSON.parse(text) as Record<string, unknown>;
        return taking({ url: '', at: 0, headers: {}, text, body }, null);
      },
    },
    sealer: createSealer(SECRETS, 'stored'),
    sourcesOf: () => sourcesIn(app),
  };
  const until = runtime.now() + 20_000;
  const ada = { ...PUBLIC, subject: 'ada' };
  await createSubscriptions(deps).subscribe(ada, requestOf({ source: 'stream.readings' }), until);
  const ofKey = { url: 'https://hooks.example.com/key', source: 'stream.readings', arguments: { keys: ['t'] } };
  await createSubscriptions(deps).subscribe(ada, requestOf(ofKey), until);
  await createAppStreams(deps, PUBLIC).append('readings', { id: 'subscribed', sensor: 't', celsius: 2 });
  const readings = app.streams.get('readings');
  if (readings === undefined) throw new Error('there are no readings');
  const { woken } = await followOutbox(scopeOfLogs(deps, PUBLIC), readings, until);
  if (woken.length !== 2) throw new Error(`${woken.length} were woken`);
}
