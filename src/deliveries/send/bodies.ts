/** What receivers get: events, messages about the subscription itself, and texts of chats. Pure. */
import type { RpcError } from '../../base/json-rpc.ts';
import { type JsonObject, sentJson, utf8Bytes } from '../../base/json.ts';
import type { EventOccurrence, EventSource } from '../../streams/sources/sources.ts';
import type { BodyShape } from '../records/subscription.ts';

/** A larger body may be refused by whatever stands before a receiver. */
const BODY_BYTES = 256 * 1024;
/** Members of the data that were left out, since the body would have been too large. */
const OMITTED_META = 'io.tidegate/omitted';
const TEST_META = 'io.tidegate/test';
const CHAT_CHARACTERS = 1_900;

/** An event with the watermark. @param isTest it did not happen: somebody tries the way to the receiver */
export function eventBody(occurrence: EventOccurrence, cursor: string, isTest = false): string {
  const body = { ...occurrence, cursor, ...(isTest ? { _meta: { [TEST_META]: true } } : {}) };
  const text = sentJson(body);
  return utf8Bytes(text) <= BODY_BYTES ? text : sentJson(shortened(body));
}

/** Leaves out the largest members of the data, as few as need be, and names them. */
function shortened(body: EventOccurrence & { cursor: string; _meta?: JsonObject }): JsonObject {
  const { _meta: meta = {} } = body;
  const sizes = Object.entries(body.data).map(([name, value]) => ({ name, bytes: utf8Bytes(sentJson(value)) }));
  const omitted: string[] = [];
  let data = body.data;
  for (const { name } of sizes.toSorted((a, b) => b.bytes - a.bytes)) {
    omitted.push(`data.${name}`);
    const { [name]: _large, ...rest } = data;
    data = rest;
    const made = { ...body, data, _meta: { ...meta, [OMITTED_META]: omitted } };
    if (utf8Bytes(sentJson(made)) <= BODY_BYTES) return made;
  }
  return { ...body, data, _meta: { ...meta, [OMITTED_META]: omitted } };
}

/** Something was skipped, because the log no longer holds it. @param cursor where it goes on */
export function gapBody(cursor: string): string {
  return sentJson({ type: 'gap', cursor });
}

export function verificationBody(challenge: string): string {
  return sentJson({ type: 'verification', challenge });
}

/** @param error why, as answers of methods have errors */
export function terminatedBody(error: RpcError): string {
  return sentJson({ type: 'terminated', error });
}

/** The id of a message that is no event. */
export function messageId(type: 'gap' | 'terminated' | 'verification', random: string): string {
  return `msg_${type}_${random}`;
}

/** The message of a chat. Nobody is mentioned by it, whatever the data say. */
export function chatBody(shape: Exclude<BodyShape, 'event'>, text: string): string {
  const short = text.length > CHAT_CHARACTERS ? `${text.slice(0, CHAT_CHARACTERS).toWellFormed()}…` : text;
  if (shape === 'discord') return sentJson({ content: short, allowed_mentions: { parse: [] } });
  const escaped = short.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return sentJson({ text: escaped });
}

/** One event in words: what a trigger says of it, else the name of the stream with its data. */
export function chatText({ title, trigger }: Pick<EventSource, 'title' | 'trigger'>, event: EventOccurrence): string {
  const { data, timestamp } = event;
  if (trigger !== null && typeof data['title'] === 'string') return `${data['title']} (${timestamp})`;
  const key = typeof data['key'] === 'string' ? ` ${data['key']}` : '';
  return `${title}${key} (${timestamp}): ${sentJson(data['data'] ?? data)}`;
}
