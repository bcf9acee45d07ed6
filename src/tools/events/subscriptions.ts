/** `list_subscriptions` and `unsubscribe`: what a caller subscribed to, what became of deliveries, and its end. */
import * as z from 'zod';
import type { AppDeps } from '../../calls/context.ts';
import { bothHalves } from '../../calls/halves.ts';
import { callsTo, NextCalls } from '../../calls/next-call.ts';
import { READ_ONLY } from '../../calls/schemas.ts';
import type { DeliveryService } from '../../deliveries/subscriptions.ts';
import { type Tool, tool } from '../../declare/tool.ts';
import { subscribeTool } from './subscribe.ts';
import { attemptRow, subscriptionRow } from './subscription-lines.ts';

const PAGE = 50;
const Id = z.string().min(1).max(64);

const Row = z.looseObject({
  subscription: z.string().optional(),
  event: z.string().optional(),
  to: z.string().optional(),
  until: z.string().nullable().optional(),
  active: z.boolean().optional().describe('False: stopped, until it is subscribed again'),
  lastError: z.string().nullable().optional(),
  givenUp: z.object({ events: z.number(), why: z.string() }).nullable().optional(),
});

const Output = z.object({
  subscriptions: z.array(Row).describe('With `subscription` its last tries to deliver, newest first'),
  next: z.string().nullable().describe('Give it as `after`; null: there are no more'),
  abandoned: z.number().optional().describe('Events that were given up'),
  nextCalls: NextCalls,
});

/** By name. Nobody but whom the server knows has any. */
export function subscriptionTools(deps: AppDeps, service: DeliveryService): Record<string, Tool> {
  return {
    subscribe: subscribeTool(deps, service),
    list_subscriptions: listSubscriptionsTool(deps, service),
    unsubscribe: unsubscribeTool(service),
  };
}

function listSubscriptionsTool({ app }: AppDeps, service: DeliveryService): Tool {
  return tool({
    title: 'Subscriptions',
    description: 'What you subscribed to and how it goes; with `subscription` what became of its deliveries.',
    input: z.strictObject({
      subscription: Id.optional(),
      after: Id.optional().describe('`next` of the page before'),
    }),
    output: Output,
    annotations: READ_ONLY,
    async run({ subscription, after }, { principal }) {
      if (subscription !== undefined) {
        const { attempts, abandoned } = await service.deliveries(principal, subscription);
        return bothHalves<z.input<typeof Output>>({
          before: [],
          name: 'subscriptions',
          rows: attempts.map(attemptRow),
          after: [
            ...(attempts.length === 0 ? ['Nothing was sent yet.'] : []),
            ...(abandoned.length === 0 ? [] : [`Given up: ${abandoned.map(({ eventId }) => eventId).join(', ')}`]),
          ],
          calls: [],
          structured: { next: null, abandoned: abandoned.length },
        });
      }
      const page = await service.list(principal, { limit: PAGE, ...(after === undefined ? {} : { after }) });
      const { next } = page;
      return bothHalves<z.input<typeof Output>>({
        before: [],
        name: 'subscriptions',
        rows: page.subscriptions.map(subscriptionRow),
        after: page.subscriptions.length === 0 ? ['You subscribed to nothing.'] : [],
        calls: next === null ? [] : callsTo('Next page', app.toolNames.list_subscriptions, { after: next }),
        structured: { next },
      });
    },
  });
}

function unsubscribeTool(service: DeliveryService): Tool {
  return tool({
    title: 'Unsubscribe',
    description: 'Ends a subscription. Nothing more is sent.',
    input: z.strictObject({ subscription: Id }),
    annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
    async run({ subscription }, { principal, deadline }) {
      await service.unsubscribe(principal, { id: subscription }, deadline);
      return `${subscription} has ended.`;
    },
  });
}
