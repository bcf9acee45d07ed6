/** Makes the items that streams get from a publication. It marks what is wrong as invalid and drops nothing. Pure. */
import type { FeedItem, FeedTarget } from '../../declare/feed.ts';
import type { EventMeta } from '../../base/event.ts';
import { utf8Bytes } from '../../base/json.ts';
import type { MqttPayload } from './options.ts';
import type { Publication } from './packets.ts';
import { routeOf } from './route.ts';
import { subscriptionId, topicLevel, topicMatcher } from './topic.ts';

const KEY_BYTES = 256;
const META_CHARACTERS = 512;
/** A payload that cannot be read is kept up to this length, beside the reason. */
const EXCERPT_CHARACTERS = 1_024;
const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;
/** For so many topics the matching routes are remembered, so that a topic that comes again is not matched again. */
const REMEMBERED_TOPICS = 10_000;

/** Where one stream's items come from. */
export interface Route {
  stream: string;
  filter: string;
  keyLevel: number | null;
  payload: MqttPayload;
}

/** The route of each target as declared. A target without a topic of its own takes the feed's topic. */
export function routesOf(
  targets: readonly FeedTarget[],
  feed: { topic: string | null; payload: MqttPayload },
): Route[] {
  return targets.map((target) => {
    const { topic, keyLevel, payload } = routeOf(target);
    return {
      stream: target.stream,
      filter: topic ?? feed.topic ?? '',
      keyLevel: keyLevel ?? null,
      payload: payload ?? feed.payload,
    };
  });
}

/**
 * Makes the function that turns a publication into items: one for each route whose filter matches the topic. With
 * subscription identifiers a broker may send a copy for each subscription that matches. Each copy then goes only to the
 * routes of the subscriptions that it names, so every route gets the message once.
 */
export function itemMaker(
  routes: readonly Route[],
  options: { maxPacketBytes: number; identified: boolean },
): (publication: Publication) => FeedItem[] {
  const matchers = routes.map((route) => ({
    route,
    matches: topicMatcher(route.filter),
    subscription: subscriptionId(route.filter),
  }));
  const declared = new Set(matchers.map(({ subscription }) => subscription));
  const remembered = new Map<string, typeof matchers>();

  function matching(topic: string): typeof matchers {
    let found = remembered.get(topic);
    if (!found) {
      found = matchers.filter(({ matches }) => matches(topic));
      if (remembered.size < REMEMBERED_TOPICS) remembered.set(topic, found);
    }
    return found;
  }

  return (publication) => {
    const named = options.identified ? subscriptionsOf(publication) : [];
    // Messages that the broker queued for filters that are no longer declared are matched by topic.
    const ids = named.some((id) => declared.has(id)) ? named : null;
    const wanted = matching(publication.topic).filter(({ subscription }) => ids === null || ids.includes(subscription));
    return wanted.map(({ route }, index) => ({
      ...itemOf(publication, route, options.maxPacketBytes),
      // The message came once, so only its first item counts the bytes.
      bytes: index === 0 ? (publication.length ?? 0) : 0,
    }));
  };
}

function subscriptionsOf(publication: Publication): readonly number[] {
  if (publication.cmd === 'oversized') return [];
  const ids = publication.properties?.subscriptionIdentifier ?? [];
  return typeof ids === 'number' ? [ids] : ids;
}

function itemOf(publication: Publication, route: Route, maxPacketBytes: number): FeedItem {
  const { stream, keyLevel } = route;
  const key = keyLevel === null ? null : topicLevel(publication.topic, keyLevel);
  const item = { stream, bytes: 0, meta: metaOf(publication), ...(key === null ? {} : { key }) };
  if (publication.cmd === 'oversized') {
    const reason = `the message has ${publication.length} bytes and was not read`;
    return { ...item, data: null, invalid: { reason, expected: `at most ${maxPacketBytes} bytes (maxPacketBytes)` } };
  }
  const payload = publication.payload as Uint8Array;
  const read = readPayload(payload, route.payload);
  if ('reason' in read) return { ...item, data: excerpt(payload), invalid: read };
  if (keyLevel !== null && key === null) {
    const reason = `the topic has no level ${keyLevel} to be the key`;
    return { ...item, data: read.data, invalid: { reason, field: 'key', expected: `more than ${keyLevel} levels` } };
  }
  if (key !== null && (key === '' || utf8Bytes(key) > KEY_BYTES)) {
    const reason = `level ${keyLevel} of the topic cannot be a key`;
    const { key: _, ...keyless } = { ...item, key };
    return { ...keyless, data: read.data, invalid: { reason, field: 'key', expected: `1 to ${KEY_BYTES} bytes` } };
  }
  return { ...item, data: read.data };
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function readPayload(payload: Uint8Array, form: MqttPayload): { data: unknown } | { reason: string; expected: string } {
  let text: string;
  try {
    text = utf8.decode(payload);
  } catch {
    return { reason: 'the payload is not UTF-8', expected: `${form} in UTF-8` };
  }
  if (form === 'text') return { data: { value: text } };
  if (form === 'number') {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (Number.isFinite(value)) return { data: { value } };
    return { reason: 'the payload is not a number', expected: 'a decimal number, such as 21.5' };
  }
  try {
    return { data: JSON.parse(text) };
  } catch (error) {
    const reason = `the payload is not JSON: ${error instanceof Error ? error.message : String(error)}`;
    return { reason: reason.slice(0, META_CHARACTERS), expected: 'JSON' };
  }
}

function excerpt(payload: Uint8Array): string {
  return new TextDecoder().decode(payload.subarray(0, EXCERPT_CHARACTERS * 4)).slice(0, EXCERPT_CHARACTERS);
}

function metaOf(publication: Publication): EventMeta {
  const meta: EventMeta = { source: publication.topic.slice(0, META_CHARACTERS) };
  if (publication.retain) meta.retained = true;
  if (publication.cmd === 'oversized' || publication.properties === undefined) return meta;
  const { contentType, userProperties } = publication.properties;
  if (contentType) meta.contentType = contentType.slice(0, META_CHARACTERS);
  const traceparent = userProperties?.traceparent;
  if (typeof traceparent === 'string' && TRACEPARENT.test(traceparent)) meta.traceparent = traceparent;
  return meta;
}
