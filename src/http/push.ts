/**
 * `POST /ingest/:stream`: takes one or many pushed events, all of them or none. Whose push it is was found out before
 * (`push-gate.ts`). It stores through `streams/log/publish-many.ts` and knows nothing of feeds.
 */
import { sentJsonResponse } from '../base/json.ts';
import { isOwner, type Principal } from '../base/principal.ts';
import { asTidegateError, isOfStore } from '../base/errors.ts';
import type { App } from '../declare/app.ts';
import { canonicalText, digestOf } from '../base/digest.ts';
import type { DeclaredStream } from '../declare/stream.ts';
import type { Deps } from '../streams/deps.ts';
import type { Once } from '../streams/log/publish-many.ts';
import { createOutages } from '../store/outages.ts';
import { pusherOf } from './authenticate.ts';
import type { Bodies } from './bodies/bodies.ts';
import type { Edge } from './edge.ts';
import { problemResponse, unauthorizedResponse } from './problem.ts';
import { type PushedItem, readItems, type SignedBody, wrong } from './push-body.ts';
import type { Quota } from '../store/quotas/quotas.ts';
import { pacedBy, UNBOUNDED } from '../store/work.ts';
import { ofStream } from '../streams/scope.ts';

/** How long an `Idempotency-Key` is remembered, ms. */
const PUSH_KEY_MS = 24 * 3_600_000;
const KEY_BYTES = 256;
const PUSH_MS = 10_000;
/** The time that the quota of pushes counts, ms. */
const COUNTED_MS = 24 * 3_600_000;

const TRACEPARENT = /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/;
/** Characters that need no encoding in a header. */
const VISIBLE = /^[\x21-\x7E]+$/;

/** The token of each stream that takes pushes, by its name. */
export type PushTokens = ReadonlyMap<string, string>;

/**
 * @param principal who may push to the stream
 * @param store counts its calls on the account of the request
 * @param signed the body where its signature let the push in; absent: the body is still to be read
 */
export type PushRoute = (
  request: Request,
  stream: string,
  principal: Principal,
  store: Deps['store'],
  edge: Edge,
  signed?: SignedBody,
) => Promise<Response>;

export function createPushRoute(deps: Deps, bodies: Bodies): PushRoute {
  const { app, runtime } = deps;
  let quotas = deps.quotas ?? null;
  const outages = createOutages('push', runtime);
  return async (request, name, principal, store, edge, signed) => {
    const { tenant } = principal;
    const stream = app.streams.get(name);
    if (stream === undefined) return unauthorizedResponse(/^bearer /i.test(request.headers.get('Authorization') ?? ''));
    try {
      const { items, bytes } = await readItems(request, bodies, edge, signed ?? null);
      const traceparent = request.headers.get('traceparent');
      const meta = traceparent !== null && TRACEPARENT.test(traceparent) ? { meta: { traceparent } } : {};
      // Loaded by the first push, because most instances never see one.
      const [{ publishMany, pushedKey, signedKey }, { createQuotas }] = await Promise.all([
        import('../streams/log/publish-many.ts'),
        import('../store/quotas/quotas.ts'),
      ]);
      const owner = isOwner(principal, pusherOf(name)) ? null : principal;
      const recordOf = (key: string) => (signed ? signedKey(name, key) : pushedKey(owner, name, key));
      const once = onceOf(request, items, signed ?? null, recordOf);
      quotas ??= createQuotas(runtime);
      const quota = pushQuota(app, stream);
      const takenAt = runtime.now();
      await quotas.take(store, quota, principal, bytes);
      try {
        const push = await publishMany(
          ofStream({ ...deps, tenant, store, runtime: pacedBy(runtime, edge.work ?? UNBOUNDED) }, stream),
          stream,
          items.map((item) => ({ ...item, ...meta })),
          { once, deadline: takenAt + PUSH_MS },
        );
        outages.worked();
        await deps.audit?.note(principal, { action: 'push', target: name, events: push.appended, bytes });
        return sentJsonResponse(push);
      } catch (thrown) {
        // What the store may have taken counts.
        if (asTidegateError(thrown).code !== 'store_unknown')
          await quotas.give(store, quota, principal, bytes, takenAt);
        throw thrown;
      }
    } catch (thrown) {
      const error = asTidegateError(thrown);
      const { code, field } = error;
      if (code === 'internal') runtime.log('error', `push: ${error.message}`, { stream: name, code });
      else if (isOfStore(error)) outages.failed(code, error.message, { stream: name });
      // Without values: the log is read by others than the data.
      else runtime.log('info', `a push is refused: ${code}`, { stream: name, ...(field === null ? {} : { field }) });
      await deps.audit?.refused(principal, { target: `push to ${name}`, code });
      return problemResponse(error);
    }
  };
}

/** The count of a stream's retention says nothing of bytes. */
function pushQuota({ quotas }: App, { name: stream, tenants }: DeclaredStream): Quota {
  return {
    name: 'quotas.pushes',
    within: stream,
    of: `bytes of pushes to ${stream}`,
    unit: 'bytes',
    each: quotas.pushes,
    all: quotas.allPushes,
    allTenants: tenants === 'shared',
    lastsMs: COUNTED_MS,
    span: 'in a day',
    hint: 'send less, and the same push again later',
  };
}

/** @param recordOf answers where a key is remembered */
function onceOf(
  request: Request,
  items: readonly PushedItem[],
  signed: SignedBody | null,
  recordOf: (key: string) => Once['record'],
): Once | null {
  // Whoever captured a push can change what is not signed, and headers are not.
  if (signed) {
    const { key, fingerprint } = signed;
    return { name: 'webhook-id', record: recordOf(key), fingerprint: fingerprint ?? '', keptMs: PUSH_KEY_MS };
  }
  const key = request.headers.get('idempotency-key');
  if (key === null) return null;
  if (key.length > KEY_BYTES || !VISIBLE.test(key)) {
    throw wrong('Idempotency-Key', `1 to ${KEY_BYTES} visible ASCII characters`);
  }
  return {
    name: 'Idempotency-Key',
    record: recordOf(key),
    fingerprint: digestOf(canonicalText(items.map(({ data }) => data))),
    keptMs: PUSH_KEY_MS,
  };
}
