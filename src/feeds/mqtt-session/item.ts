/** Makes the items that streams get from a publication. It marks what is wrong as invalid and drops nothing. Pure. */
import type { FeedItem, FeedTarget } from '../../declare/feed.ts';
import type { EventMeta } from '../../base/event.ts';
import { toBase64 } from '../../base/base64url.ts';
import { utf8Bytes } from '../../base/json.ts';
import { readDecimal } from '../../base/number-text.ts';
import { readSourceJson } from '../../base/source-json.ts';
import { itemsAt, noItems } from '../kit/list-items.ts';
import { type MessageMatcher, messageMatcher, type MessageTest } from '../kit/message-test.ts';
import type { MqttPayload } from './options.ts';
import type { Publication } from './packets.ts';
import { routeOf } from './route.ts';
import { askingId, subscriptionId, topicLevel, topicMatcher } from './topic.ts';

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
  /** Path to the items in a payload; null: a payload is one item. */
  items: string | null;
  ignored: MessageMatcher;
}

/** What a feed says of the payloads of all its routes. */
interface FeedReading {
  topic: string | null;
  payload: MqttPayload;
  items: string | null;
  ignore?: MessageTest | undefined;
}

/** The route of each target as declared. A target without a topic of its own takes the feed's topic. */
export function routesOf(targets: readonly FeedTarget[], feed: FeedReading): Route[] {
  return targets.map((target) => {
    const { topic, keyLevel, payload, items, ignore } = routeOf(target);
    return {
      stream: target.stream,
      filter: topic ?? feed.topic ?? '',
      keyLevel: keyLevel ?? null,
      payload: payload ?? feed.payload,
      items: items ?? feed.items ?? (target.takesLists ? null : ''),
      ignored: messageMatcher(ignore ?? feed.ignore),
    };
  });
}

/**
 * Makes the function that turns a publication into items: those of the payload, for each route whose filter matches the
 * topic. With
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
    subscriptions: [subscriptionId(route.filter), askingId(route.filter)],
  }));
  const declared = new Set(matchers.flatMap(({ subscriptions }) => subscriptions));
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
    const wanted = matching(publication.topic).filter(
      ({ subscriptions }) => ids === null || ids.some((id) => subscriptions.includes(id)),
    );
    const items = wanted.flatMap(({ route }) => itemsOf(publication, route, options.maxPacketBytes));
    // The message came once, so only its first item counts the bytes.
    if (items[0]) items[0].bytes = publication.length ?? 0;
    return items;
  };
}

export function subscriptionsOf(publication: Publication): readonly number[] {
  if (publication.cmd === 'oversized') return [];
  const ids = publication.properties?.subscriptionIdentifier ?? [];
  return typeof ids === 'number' ? [ids] : ids;
}

function itemsOf(publication: Publication, route: Route, maxPacketBytes: number): FeedItem[] {
  const { stream, keyLevel } = route;
  const key = keyLevel === null ? null : topicLevel(publication.topic, keyLevel);
  const item = { stream, bytes: 0, meta: metaOf(publication), ...(key === null ? {} : { key }) };
  if (publication.cmd === 'oversized') {
    const reason = `the message has ${publication.length} bytes and was not read`;
    const invalid = { reason, expected: `at most ${maxPacketBytes} bytes (maxPacketBytes)` };
    return [{ ...item, data: null, invalid }];
  }
  const read = readPayload(publication.payload as Uint8Array, route);
  if ('invalid' in read) return [{ ...item, ...read }];
  const mistake = keyLevel === null ? null : keyMistake(key, keyLevel);
  if (mistake === null && read.items.length === 1) return [Object.assign(item, { data: read.items[0] })];
  if (mistake === null) return read.items.map((data) => ({ ...item, data }));
  const { key: _, ...keyless } = { ...item, key };
  return read.items.map((data) => ({ ...keyless, data, invalid: mistake }));
}

/** What is wrong with the key that a level of the topic gives; null if nothing is. */
function keyMistake(key: string | null, level: number): NonNullable<FeedItem['invalid']> | null {
  if (key === null) {
    const reason = `the topic has no level ${level} to be the key`;
    return { reason, field: 'key', expected: `more than ${level} levels` };
  }
  if (key !== '' && utf8Bytes(key) <= KEY_BYTES) return null;
  return { reason: `level ${level} of the topic cannot be a key`, field: 'key', expected: `1 to ${KEY_BYTES} bytes` };
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

type Read = { items: readonly unknown[] } | { data: unknown; invalid: NonNullable<FeedItem['invalid']> };

/** Reads a payload as its route says. A payload that the route ignores has no items. */
function readPayload(payload: Uint8Array, route: Route): Read {
  const { payload: form, items, ignored } = route;
  const text = textOf(payload);
  if (text !== null && ignored.matchesText(text)) return { items: [] };
  const decoded = form === 'binary' ? { data: { value: toBase64(payload) } } : decode(text, form);
  if ('reason' in decoded) return { data: excerpt(payload), invalid: decoded };
  const { data } = decoded;
  if (ignored.matches(data)) return { items: [] };
  if (form !== 'json' || items === null) return { items: [data] };
  const found = itemsAt(data, items);
  return found === null ? { data, invalid: noItems(data, items) } : { items: found };
}

/** The payload as a text; null where it is not UTF-8. */
function textOf(payload: Uint8Array): string | null {
  try {
    return utf8.decode(payload);
  } catch {
    return null;
  }
}

function decode(
  text: string | null,
  form: Exclude<MqttPayload, 'binary'>,
): { data: unknown } | { reason: string; expected: string } {
  if (text === null) return { reason: 'the payload is not UTF-8', expected: `${form} in UTF-8` };
  if (form === 'text') return { data: { value: text } };
  if (text === '') return { reason: 'the payload is empty: it removes a retained message', expected: EMPTY[form] };
  if (form === 'number') {
    // A whole number that no double holds stays a text, as in JSON.
    if (readDecimal(text) !== null) return { data: { value: readSourceJson(text.trim()) } };
    return { reason: 'the payload is not a number', expected: 'a decimal number, such as 21.5' };
  }
  try {
    return { data: readSourceJson(text) };
  } catch (error) {
    const reason = `the payload is not JSON: ${error instanceof Error ? error.message : String(error)}`;
    return { reason: reason.slice(0, META_CHARACTERS), expected: 'JSON' };
  }
}

/** Whoever removes a retained message publishes an empty payload, which those that listen get as any other. */
const EMPTY = {
  json: "JSON, or '' among what is ignored",
  number: "a decimal number, or '' among what is ignored",
};

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
