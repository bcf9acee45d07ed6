/**
 * `POST /ingest/:stream`: takes one or many pushed events, all of them or none. Whose push it is was found out before
 * (`push-gate.ts`). It stores through `streams/log/publish-many.ts` and knows nothing of feeds.
 */
import { isDeep, type Json, utf8Bytes } from '../base/json.ts';
import { readSourceJson } from '../base/source-json.ts';
import { bareType, jsonFormOf } from '../net/media-type.ts';
import type { Principal } from '../base/principal.ts';
import { asTidegateError, isOfStore, TidegateError } from '../base/errors.ts';
import type { App } from '../declare/app.ts';
import { canonicalText, digestOf } from '../base/digest.ts';
import type { Deps } from '../streams/deps.ts';
import type { Once } from '../streams/log/publish-many.ts';
import { isEncoded } from './body.ts';
import type { Bodies, BodyText } from './bodies.ts';
import { type Edge, overloaded } from './edge.ts';
import { problemResponse, unauthorizedResponse } from './problem.ts';
import type { Quota } from '../store/quotas.ts';
import { pacedBy, UNBOUNDED } from '../store/work.ts';
import { scopeOf } from '../streams/scope.ts';

/**
 * Largest body. Many small events may still be too much for one commit once each is stored with an id, a key and a
 * trace; the answer says so.
 */
export const PUSH_BYTES = 256 * 1_024;
export const PUSH_EVENTS = 1_000;
/** How long an `Idempotency-Key` is remembered, ms. */
export const PUSH_KEY_MS = 24 * 3_600_000;
const KEY_BYTES = 256;
const PUSH_MS = 10_000;
/** The time that the quota of pushes counts, ms. */
const COUNTED_MS = 24 * 3_600_000;
const REASON_CHARACTERS = 160;

const TRACEPARENT = /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/;
/** Characters that need no encoding in a header. */
const VISIBLE = /^[\x21-\x7E]+$/;

/** The token of each stream that takes pushes, by its name. */
export type PushTokens = ReadonlyMap<string, string>;

/** @param principal who may push to the stream. @param store counts its calls on the account of the request */
export type PushRoute = (
  request: Request,
  stream: string,
  principal: Principal,
  store: Deps['store'],
  edge: Edge,
) => Promise<Response>;

export function createPushRoute(deps: Deps, bodies: Bodies): PushRoute {
  const { app, runtime } = deps;
  let quotas = deps.quotas ?? null;
  return async (request, name, principal, store, edge) => {
    const { tenant } = principal;
    const stream = app.streams.get(name);
    if (stream === undefined) return unauthorizedResponse();
    try {
      const { items, bytes } = await readItems(request, bodies, edge);
      const traceparent = request.headers.get('traceparent');
      const meta = traceparent !== null && TRACEPARENT.test(traceparent) ? { meta: { traceparent } } : {};
      // Loaded by the first push, because most instances never see one.
      const [{ publishMany, pushedKey }, { createQuotas }] = await Promise.all([
        import('../streams/log/publish-many.ts'),
        import('../store/quotas.ts'),
      ]);
      const once = onceOf(request, items, (key) => pushedKey(tenant, name, key));
      quotas ??= createQuotas(runtime);
      const quota = pushQuota(app, name);
      const takenAt = runtime.now();
      await quotas.take(store, quota, principal, bytes);
      try {
        const push = await publishMany(
          scopeOf({ ...deps, store, runtime: pacedBy(runtime, edge.work ?? UNBOUNDED) }, { tenant }),
          stream,
          items.map((item) => ({ ...item, ...meta })),
          { once, deadline: takenAt + PUSH_MS },
        );
        return Response.json(push);
      } catch (thrown) {
        await quotas.give(store, quota, principal, bytes, takenAt);
        throw thrown;
      }
    } catch (thrown) {
      const error = asTidegateError(thrown);
      const { code, field } = error;
      if (code === 'internal' || isOfStore(error))
        runtime.log('error', `push: ${error.message}`, { stream: name, code });
      // Without values: the log is read by others than the data.
      else runtime.log('info', `a push is refused: ${code}`, { stream: name, ...(field === null ? {} : { field }) });
      return problemResponse(error);
    }
  };
}

/** The count of a stream's retention says nothing of bytes. */
function pushQuota({ quotas }: App, stream: string): Quota {
  return {
    name: 'quotas.pushes',
    within: stream,
    of: `bytes of pushes to ${stream}`,
    unit: 'bytes',
    each: quotas.pushes,
    all: quotas.allPushes,
    lastsMs: COUNTED_MS,
    span: 'in a day',
    hint: 'send less, and the same push again later',
  };
}

/** A pushed event, and where it stands in the body. */
interface Item {
  data: Json;
  place: string;
}

/** @returns the events, and the bytes of the body */
async function readItems(
  request: Request,
  bodies: Bodies,
  { body: source, work }: Edge,
): Promise<{ items: Item[]; bytes: number }> {
  const form = jsonFormOf(bareType(request.headers.get('content-type')));
  if (form === null)
    throw wrong('Content-Type', 'application/json or application/x-ndjson (curl: -H "Content-Type: application/json")');
  if (isEncoded(request.headers)) throw wrong('Content-Encoding', 'a body that is sent as it is');
  const body = await bodies.read(request, PUSH_BYTES, source);
  if (!body.ok) throw unread(body);
  const { text } = body;
  await work?.turn(text.length);
  const items = form === 'lines' ? linesOf(text) : eventsIn(parse(text, 'body'));
  if (items.length === 0 || items.length > PUSH_EVENTS) throw wrong('body', `1 to ${PUSH_EVENTS} events`);
  return { items, bytes: utf8Bytes(text) };
}

function unread({ fault, expected }: Extract<BodyText, { ok: false }>): TidegateError {
  if (fault === 'text') return wrong('body', 'a whole body in UTF-8');
  if (fault === 'room') return overloaded();
  if (fault === 'time') return wrong('body', expected);
  return new TidegateError('too_large', 'The push is too large', {
    field: 'body',
    expected: `at most ${PUSH_BYTES} bytes`,
    hint: 'send it in parts',
  });
}

function eventsIn(body: Json): Item[] {
  if (!Array.isArray(body)) return [{ data: body, place: 'body' }];
  return body.map((data, index) => ({ data, place: `body[${index}]` }));
}

function linesOf(text: string): Item[] {
  // A sequence (RFC 7464) has a separator of its own, and its values may take several lines.
  return text.split(text.startsWith('\u001E') ? '\u001E' : '\n').flatMap((line, index) => {
    const place = `line ${index + 1}`;
    return line.trim() === '' ? [] : [{ data: parse(line, place), place }];
  });
}

function parse(text: string, field: string): Json {
  let value: Json;
  try {
    value = readSourceJson(text) as Json;
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message.slice(0, REASON_CHARACTERS) : '';
    throw wrong(field, 'a whole JSON text', reason);
  }
  if (isDeep(value)) throw wrong(field, 'JSON that is not nested that deep');
  return value;
}

/** @param recordOf answers where a key is remembered */
function onceOf(request: Request, items: readonly Item[], recordOf: (key: string) => Once['record']): Once | null {
  const key = request.headers.get('idempotency-key');
  if (key === null) return null;
  if (key.length > KEY_BYTES || !VISIBLE.test(key)) {
    throw wrong('Idempotency-Key', `1 to ${KEY_BYTES} visible ASCII characters`);
  }
  return {
    record: recordOf(key),
    fingerprint: digestOf(canonicalText(items.map(({ data }) => data))),
    keptMs: PUSH_KEY_MS,
  };
}

/** @param found what was found instead; empty: there is nothing to say */
function wrong(field: string, expected: string, found = ''): TidegateError {
  const message = `${field}: expected ${expected}${found === '' ? '' : `, found: ${found}`}`;
  return new TidegateError('invalid_input', message, { field, expected });
}
