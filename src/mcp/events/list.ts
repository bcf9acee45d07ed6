/** `events/list`: what can be subscribed to, with its arguments, its data and the ways in which it is delivered here. */
import type { Principal } from '../../base/principal.ts';
import { isPublic } from '../../base/principal.ts';
import type { EventSource } from '../../streams/sources/sources.ts';
import { listPageOf } from '../registry/pages.ts';
import { cursorOf, type Params } from '../wire/params.ts';

type DeliveryMode = 'poll' | 'push' | 'webhook';

/** Which ways there are on this host. */
export interface Deliverable {
  /** Requests can stay open. */
  pushes: boolean;
  /** Webhooks are sent. */
  posts: boolean;
}

/**
 * The ways for one caller: nothing is posted for callers whom nobody knows, and earlier revisions have no requests that stay open for
 * events.
 */
export function modesFor(
  { pushes, posts }: Deliverable,
  principal: Principal,
  { isEarlier }: { isEarlier: boolean },
): DeliveryMode[] {
  return [
    'poll',
    ...(pushes && !isEarlier ? (['push'] as const) : []),
    ...(posts && !isPublic(principal) ? (['webhook'] as const) : []),
  ];
}

/** @throws TidegateError `bad_cursor` */
export function listEvents(
  sources: ReadonlyMap<string, EventSource>,
  params: Params,
  delivery: readonly DeliveryMode[],
): object {
  const page = listPageOf('events', [...sources.values()], cursorOf(params));
  const { items, ...rest } = page;
  return { events: items.map((source) => ({ ...described(source), delivery })), ...rest };
}

/** What is the same for everybody who has the event. */
export function described({ name, description, inputSchema, payloadSchema }: EventSource) {
  return { name, description, inputSchema, payloadSchema };
}
