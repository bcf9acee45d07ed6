/** Signatures that others made and published, and what is out of their form. */
import { describe, expect, it } from 'vitest';
import { readSignature, isSigned, isTimely } from '../../src/http/signatures.ts';
import type { SignedBy } from '../../src/http/push-secrets.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const decoded = (base64: string) => Uint8Array.from(Buffer.from(base64, 'base64'));

interface Vector {
  by: SignedBy;
  /** Where it is published. */
  source: string;
  key: Uint8Array<ArrayBuffer>;
  headers: Record<string, string>;
  body: string;
  signedAt: number | null;
}

const VECTORS: Vector[] = [
  {
    by: 'standardWebhooks',
    source: 'the tests of standard-webhooks/standard-webhooks, sign function',
    key: decoded('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'),
    headers: {
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    },
    body: '{"test": 2432232314}',
    signedAt: 1_614_265_330,
  },
  {
    by: 'github',
    source: 'GitHub Docs, "Validating webhook deliveries"',
    key: bytes("It's a Secret to Everybody"),
    headers: { 'X-Hub-Signature-256': 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17' },
    body: 'Hello, World!',
    signedAt: null,
  },
  {
    by: 'slack',
    source: 'Slack, "Verifying requests from Slack"',
    key: bytes('8f742231b10e8888abcd99yyyzzz85a5'),
    headers: {
      'X-Slack-Request-Timestamp': '1531420618',
      'X-Slack-Signature': 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
    },
    body:
      'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V' +
      '&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=' +
      '&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN' +
      '&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c',
    signedAt: 1_531_420_618,
  },
];

describe.each(VECTORS)('$by, as published in $source', ({ by, key, headers, body, signedAt }) => {
  const claim = readSignature(by, new Headers(headers));

  it('is valid', async () => {
    expect(claim?.signedAt).toBe(signedAt);
    expect(claim && (await isSigned(claim, bytes(body), [key]))).toBe(true);
    expect(claim && (await isSigned(claim, bytes(body), [bytes('another-key-of-any-size'), key]))).toBe(true);
  });

  it.each([
    ['another body', bytes(`${body} `), key],
    ['another key', bytes(body), bytes('another-key-of-any-size')],
  ])('is not valid for %s', async (_, changed, by_) => {
    expect(claim && (await isSigned(claim, changed, [by_]))).toBe(false);
  });
});

const HEX = 'ab'.repeat(32);
const BASE64 = Buffer.alloc(32, 7).toString('base64');
const id = { 'webhook-id': 'msg_1', 'webhook-timestamp': '1614265330' };

it.each<[string, SignedBy, Record<string, string>]>([
  ['no header', 'github', {}],
  ['SHA-1', 'github', { 'X-Hub-Signature-256': `sha1=${'ab'.repeat(20)}` }],
  ['a cut signature', 'github', { 'X-Hub-Signature-256': `sha256=${HEX.slice(2)}` }],
  ['two signatures in one', 'github', { 'X-Hub-Signature-256': `sha256=${HEX}, sha256=${HEX}` }],
  ['no time', 'stripe', { 'Stripe-Signature': `v1=${HEX}` }],
  ['two times', 'stripe', { 'Stripe-Signature': `t=1,t=2,v1=${HEX}` }],
  ['another version alone', 'stripe', { 'Stripe-Signature': `t=1614265330,v0=${HEX}` }],
  ['a time that is no number', 'stripe', { 'Stripe-Signature': `t=1e9,v1=${HEX}` }],
  ['a time below zero', 'slack', { 'X-Slack-Signature': `v0=${HEX}`, 'X-Slack-Request-Timestamp': '-1' }],
  ['no time', 'slack', { 'X-Slack-Signature': `v0=${HEX}` }],
  ['no id', 'standardWebhooks', { 'webhook-timestamp': '1614265330', 'webhook-signature': `v1,${BASE64}` }],
  ['an id with a full stop', 'standardWebhooks', { ...id, 'webhook-id': 'a.1', 'webhook-signature': `v1,${BASE64}` }],
  ['a signature with a public key alone', 'standardWebhooks', { ...id, 'webhook-signature': `v1a,${BASE64}` }],
  ['hexadecimal in place of base64', 'standardWebhooks', { ...id, 'webhook-signature': `v1,${HEX}` }],
  ['nothing behind the version', 'standardWebhooks', { ...id, 'webhook-signature': 'v1,' }],
])('%s is no claim of %s', (_, by, headers) => {
  expect(readSignature(by, new Headers(headers))).toBeNull();
});

it('all signatures of a rotation are read, up to a bound, and those of other versions are left', () => {
  const stripe = readSignature(
    'stripe',
    new Headers({ 'Stripe-Signature': `t=1614265330, v1=${HEX},v1=${HEX}, v0=${HEX}` }),
  );
  expect(stripe?.signatures).toHaveLength(2);
  const many = Array.from({ length: 100 }, () => `v1,${BASE64}`).join(' ');
  const webhook = readSignature('standardWebhooks', new Headers({ ...id, 'webhook-signature': `v1a,x ${many}` }));
  expect(webhook?.signatures).toHaveLength(16);
});

it('what was signed more than five minutes from now is not timely, in either direction', () => {
  const claim = { signatures: [], prefix: '', id: null, signedAt: 1_000 };
  expect([699_999, 700_000, 1_300_000, 1_300_001].map((now) => isTimely(claim, now))).toEqual([
    false,
    true,
    true,
    false,
  ]);
});
