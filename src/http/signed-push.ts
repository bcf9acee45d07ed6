/**
 * Pushes that are signed in place of bringing a token. The body is read within its bound, whatever stream is named, and judged
 * by the stream's keys; what is signed with none of them, and a stream that takes no signed pushes, are answered alike.
 *
 * A push counts once for a day, by a part of it that is signed: the id of the delivery, or the body where no id is signed.
 * GitHub signs neither a time nor `X-GitHub-Delivery`, so whoever captured one of its pushes could send it again under another
 * id. What GitHub itself delivers again has the same body.
 */
import type { Audit } from '../streams/audit.ts';
import { hexOf, sha256 } from '../base/digest.ts';
import { type Json, parseJson, sentJsonResponse, asJsonObject } from '../base/json.ts';
import type { Runtime } from '../base/runtime.ts';
import type { Store } from '../store/store.ts';
import { pusherOf } from './authenticate.ts';
import type { Bodies } from './bodies/bodies.ts';
import type { Edge } from './edge.ts';
import { problemResponse, unsignedResponse } from './problem.ts';
import { PUSH_BYTES, type SignedBody, unreadBody } from './push-body.ts';
import { type PushKeys, SIGNATURE_HEADERS, type SignedBy } from './push-secrets.ts';
import type { PushRoute } from './push.ts';
import { type ClaimedSignature, readSignature, isSigned, isTimely, SIGNED_WITHIN_MS } from './signatures.ts';

interface SignedPushDeps {
  keys: PushKeys;
  bodies: Bodies;
  push: PushRoute;
  runtime: Pick<Runtime, 'now' | 'log'>;
  audit?: Audit | undefined;
}

const SHOWN_CHARACTERS = 64;
/** In place of the keys of a stream that has none, so that its pushes take as long. */
const NO_KEYS = [new Uint8Array(32)];
/** The member of the body that has the id of the delivery, where the body is signed and headers are not. */
const ID_MEMBERS: Partial<Record<SignedBy, string>> = { stripe: 'id', slack: 'event_id' };
const DELIVERY_ID = /^[\x21-\x7E]{1,200}$/;

/** @param ways those by which the request says that it is signed; one at least */
export async function takeSignedPush(
  { keys, bodies, push, runtime, audit }: SignedPushDeps,
  { request, name, ways, store, edge }: SignedRequest,
): Promise<Response> {
  const refuse = async (reason: string) => {
    runtime.log('info', `a push is refused: ${reason}`, { stream: name.slice(0, SHOWN_CHARACTERS) });
    await audit?.refused(null, { target: 'push', code: 'unauthorized' });
    return unsignedResponse(ways.map((way) => SIGNATURE_HEADERS[way]));
  };
  const now = runtime.now();
  const claims = ways.flatMap((by) => ({ by, claim: readSignature(by, request.headers) }));
  const found = claims.filter((one): one is Found => one.claim !== null);
  if (found.length === 0) return refuse('its signature is out of form');
  const timely = found.filter(({ claim }) => isTimely(claim, now));
  if (timely.length === 0) return refuse(`it was signed more than ${SIGNED_WITHIN_MS / 60_000} minutes from now`);
  const body = await bodies.readBytes(request, PUSH_BYTES, edge.body);
  if (!body.ok) return problemResponse(unreadBody(body));
  const { bytes } = body;
  await edge.work?.turn(bytes.length);
  const own = keys.get(name) ?? [];
  for (const { by, claim } of timely) {
    const known = own.find((one) => one.by === by)?.keys ?? null;
    const isRight = await isSigned(claim, bytes, known ?? NO_KEYS);
    if (!isRight || known === null) continue;
    const answer = handshakeOf(by, request.headers, bytes);
    if (answer !== null) return sentJsonResponse(answer);
    return push(request, name, pusherOf(name), store, edge, await signedBody(by, claim, bytes));
  }
  return refuse(
    own.length === 0 ? 'the stream takes no signed pushes' : 'its signature is not made with a secret of it',
  );
}

interface SignedRequest {
  request: Request;
  name: string;
  ways: readonly SignedBy[];
  store: Store;
  edge: Edge;
}

interface Found {
  by: SignedBy;
  claim: ClaimedSignature;
}

/** What senders ask when somebody sets them up, and what they expect; null for an event. */
function handshakeOf(by: SignedBy, headers: Headers, bytes: Uint8Array): Json {
  if (by === 'github') return headers.get('x-github-event') === 'ping' ? { appended: 0, duplicates: 0 } : null;
  if (by !== 'slack') return null;
  const text = new TextDecoder().decode(bytes);
  if (!text.includes('url_verification')) return null;
  const { type, challenge } = asJsonObject(jsonIn(text)) ?? {};
  return type === 'url_verification' && typeof challenge === 'string' ? { challenge } : null;
}

async function signedBody(by: SignedBy, { id }: ClaimedSignature, bytes: Uint8Array): Promise<SignedBody> {
  const ofBody = hexOf(await sha256(new Uint8Array(bytes)));
  const digest = id === null ? `body:${ofBody}` : id;
  const member = ID_MEMBERS[by];
  return {
    bytes,
    takesForms: by === 'github' || by === 'slack',
    key: `${by}:${(member === undefined ? null : deliveryIn(bytes, member)) ?? digest}`,
    // Stripe and Slack tell in the body how often they tried.
    fingerprint: by === 'standardWebhooks' ? ofBody : null,
  };
}

/** The id of the one event that was sent. It is read from what is signed, not as the headers say that it be read. */
function deliveryIn(bytes: Uint8Array, member: string): string | null {
  const value = jsonIn(new TextDecoder().decode(bytes));
  const [first, ...others] = Array.isArray(value) ? value : [value];
  const id = others.length > 0 ? null : (asJsonObject(first) ?? {})[member];
  return typeof id === 'string' && DELIVERY_ID.test(id) ? id : null;
}

/** Null for what is no JSON. */
function jsonIn(text: string): Json {
  try {
    return parseJson(text);
  } catch {
    return null;
  }
}
