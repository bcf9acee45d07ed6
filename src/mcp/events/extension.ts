/**
 * The events extension (`io.modelcontextprotocol/events`, draft SEP-3415) over triggers and plain streams. Its methods are for
 * clients too that do not declare it, as the draft has it, and for those of earlier revisions, because ChatGPT sends them after
 * `initialize` as well.
 */
import type { App } from '../../declare/app.ts';
import type { AppDeps } from '../../calls/context.ts';
import { eventScopes } from '../../calls/needs.ts';
import type { DeliveryService } from '../../deliveries/subscriptions.ts';
import { eventSources } from '../../streams/sources/sources.ts';
import type { Extension } from '../extension.ts';
import { eventsCapability } from './capability.ts';
import { inEventCodes, unsupported } from './errors.ts';
import { type Deliverable, described, listEvents, modesFor } from './list.ts';
import { pollEvents } from './poll.ts';
import { openSubscription, type StreamDeps } from './stream.ts';
import { subscribeEvents, unsubscribeEvents } from './subscribe.ts';

interface EventsOptions {
  /** What a caller may use; its events are listed. */
  app: App;
  /** Sends webhooks. Null: there are none. */
  deliveries: DeliveryService | null;
  /** By which streams hear of what comes. Null: no request stays open on this host. */
  watch: StreamDeps['watch'] | null;
  /** Whether clients can listen to what changes. */
  listens: boolean;
}

export function eventsExtension(given: AppDeps, { app, deliveries, watch, listens }: EventsOptions): Extension {
  const deps = { ...given, app };
  const sources = eventSources(app);
  const { codes } = app.events;
  const can: Deliverable = { pushes: watch !== null, posts: deliveries !== null };
  // Of the whole app: who lacks a scope is told which, and what nobody has needs none.
  const needs = (name: unknown) => eventScopes(given.app, name);
  const ofName = ({ name }: Readonly<Record<string, unknown>>) => needs(name);
  return {
    capability: eventsCapability(listens),
    forAll: true,
    notifications: ['eventsListChanged'],
    lists: { events: () => [...sources.values()].map(described) },
    methods: {
      'events/list': {
        earlier: true,
        run: (params, { principal }, client) =>
          inEventCodes(codes, 'event', async () => listEvents(sources, params, modesFor(can, principal, client))),
      },
      'events/poll': {
        earlier: true,
        run: (params, context) => inEventCodes(codes, 'event', () => pollEvents(deps, sources, params, context)),
      },
      'events/subscribe': {
        earlier: true,
        run: (params, context) =>
          inEventCodes(codes, 'event', () => subscribeEvents(deliveries, codes, params, context)),
      },
      'events/unsubscribe': {
        earlier: true,
        run: (params, context) =>
          inEventCodes(codes, 'subscription', () => unsubscribeEvents(deliveries, codes, params, context)),
      },
    },
    streams: {
      'events/stream': {
        open: (params, context) =>
          inEventCodes(codes, 'event', async () => {
            if (watch === null) throw unsupported(codes, 'deliveryMode', 'push', 'use events/poll');
            return openSubscription({ ...deps, watch, needs }, sources, params, context);
          }),
      },
    },
    needs: {
      methods: { 'events/poll': ofName, 'events/stream': ofName, 'events/subscribe': ofName },
    },
  };
}
