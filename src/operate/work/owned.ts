/** Subscriptions of a tenant, whoever of it subscribed. */
import { TidegateError } from '../../base/errors.ts';
import type { Principal } from '../../base/principal.ts';
import { deliveryDeps } from '../../calls/events/delivery-deps.ts';
import { nameOfDue, subscriptionKey } from '../../deliveries/records/names.ts';
import type { Subscription } from '../../deliveries/records/subscription.ts';
import { createSubscriptions, type DeliveryService } from '../../deliveries/subscriptions.ts';
import { listAll } from '../../store/list-all.ts';
import type { OperateContext } from '../action.ts';

export interface Owned {
  owner: Principal;
  subscription: Subscription;
}

export function subscriptionsIn({ deps }: OperateContext): DeliveryService {
  return createSubscriptions(deliveryDeps(deps));
}

/** All of the tenant, by owner. */
export async function* ownedSubscriptions(context: OperateContext): AsyncGenerator<Owned> {
  const { deps, tenant } = context;
  const service = subscriptionsIn(context);
  const { partition } = subscriptionKey({ tenant, subject: '', id: '' });
  const subjects = new Set<string>();
  for await (const records of listAll(deps, partition))
    for (const record of records) subjects.add(nameOfDue(record).subject);
  for (const subject of subjects) {
    const owner: Principal = { tenant, subject, client: null, scopes: [] };
    for (let after: string | null | undefined; after !== null;) {
      const page: Awaited<ReturnType<DeliveryService['list']>> = await service.list(owner, {
        limit: 100,
        ...(after === undefined ? {} : { after }),
      });
      for (const subscription of page.subscriptions) yield { owner, subscription };
      after = page.next;
    }
  }
}

/** @throws TidegateError `not_found` */
export async function subscriptionWithId(context: OperateContext, id: string): Promise<Owned> {
  for await (const owned of ownedSubscriptions(context)) if (owned.subscription.id === id) return owned;
  throw new TidegateError('not_found', `there is no subscription ${id}`, {
    field: 'id',
    expected: 'the id of a subscription of this tenant, as subscriptions list tells it',
  });
}
