/**
 * Judges the signatures of pushes: HMAC with SHA-256 over the exact bytes of a body, in the ways of Standard Webhooks, GitHub,
 * Stripe and Slack. It reads headers, keeps nothing, and needs WebCrypto alone. What is out of form is not valid.
 */
import { SIGNATURE_HEADERS, type SignedBy } from './push-secrets.ts';

/** How far the time that was signed may lie from the clock, in either direction, ms. */
export const SIGNED_WITHIN_MS = 5 * 60_000;
/** More are not looked at: a sender signs with each of its secrets, of which there are few. */
const MOST_SIGNATURES = 16;
const SIGNATURE_BYTES = 32;

/** What a request says of its signature. */
export interface ClaimedSignature {
  /** Signatures in the form of the way, decoded. */
  signatures: Uint8Array[];
  /** What is signed before the body. */
  prefix: string;
  /** When it was signed, epoch s. Null: the way says no time. */
  signedAt: number | null;
  /** The id of the delivery that is signed too. Null: it stands in the body, or nowhere. */
  id: string | null;
}

type ReadSignature = (headers: Headers, signature: string) => ClaimedSignature | null;

const CLAIMS: Readonly<Record<SignedBy, ReadSignature>> = {
  standardWebhooks(headers, given) {
    const id = headers.get('webhook-id');
    const time = headers.get('webhook-timestamp');
    // With a full stop in the id, a part of what was signed could be taken for another.
    if (id === null || !/^[\x21-\x2D\x2F-\x7E]{1,256}$/.test(id)) return null;
    return timed(time, {
      signatures: behind('v1,', given.split(' ')).flatMap((text) => fromBase64(text) ?? []),
      prefix: `${id}.${time}.`,
      id,
    });
  },
  github: (_, given) => ({ signatures: hexBehind('sha256=', [given]), prefix: '', signedAt: null, id: null }),
  stripe(_, given) {
    const parts = given.split(',').map((part) => part.trim());
    const times = behind('t=', parts);
    const [time] = times;
    // Other versions than v1 are not looked at, against downgrades.
    if (times.length !== 1 || time === undefined) return null;
    return timed(time, { signatures: hexBehind('v1=', parts), prefix: `${time}.`, id: null });
  },
  slack(headers, given) {
    const time = headers.get('x-slack-request-timestamp');
    return timed(time, { signatures: hexBehind('v0=', [given]), prefix: `v0:${time}:`, id: null });
  },
};

/** Null: the headers are not in the form of the way. */
export function readSignature(by: SignedBy, headers: Headers): ClaimedSignature | null {
  const given = headers.get(SIGNATURE_HEADERS[by]);
  const claim = given === null ? null : CLAIMS[by](headers, given);
  return claim === null || claim.signatures.length === 0 ? null : claim;
}

/** @param now epoch ms */
export function isTimely({ signedAt }: ClaimedSignature, now: number): boolean {
  return signedAt === null || Math.abs(now - signedAt * 1_000) <= SIGNED_WITHIN_MS;
}

/** Whether one of the signatures was made with one of the keys. Each pair is compared, in constant time. */
export async function isSigned(
  claim: ClaimedSignature,
  body: Uint8Array,
  keys: readonly Uint8Array<ArrayBuffer>[],
): Promise<boolean> {
  const prefix = new TextEncoder().encode(claim.prefix);
  const content = new Uint8Array(prefix.length + body.length);
  content.set(prefix);
  content.set(body, prefix.length);
  let matches = 0;
  for (const key of keys) {
    const made = await hmac(key, content);
    for (const signature of claim.signatures) matches += Number(areEqual(made, signature));
  }
  return matches > 0;
}

async function hmac(key: Uint8Array<ArrayBuffer>, content: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const imported = await crypto.subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  return new Uint8Array(await crypto.subtle.sign('HMAC', imported, content));
}

/** Both have the length of a signature. */
function areEqual(left: Uint8Array, right: Uint8Array): boolean {
  return left.reduce((difference, byte, at) => difference | (byte ^ (right[at] ?? 0)), 0) === 0;
}

function timed(time: string | null, claim: Omit<ClaimedSignature, 'signedAt'>): ClaimedSignature | null {
  return time !== null && /^\d{1,12}$/.test(time) ? { ...claim, signedAt: Number(time) } : null;
}

/** What stands behind a prefix in the parts that begin with it. */
function behind(prefix: string, parts: readonly string[]): string[] {
  const found = parts.filter((part) => part.startsWith(prefix)).map((part) => part.slice(prefix.length));
  return found.slice(0, MOST_SIGNATURES);
}

function hexBehind(prefix: string, parts: readonly string[]): Uint8Array[] {
  return behind(prefix, parts).flatMap((text) => fromHex(text) ?? []);
}

/** Null for what is no signature. */
function fromHex(text: string): Uint8Array | null {
  if (!/^[\da-f]{64}$/i.test(text)) return null;
  return Uint8Array.from(text.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
}

/** Null for what is no signature. */
function fromBase64(text: string): Uint8Array | null {
  if (!/^[A-Za-z\d+/]{43}=$/.test(text)) return null;
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return bytes.length === SIGNATURE_BYTES ? bytes : null;
}
