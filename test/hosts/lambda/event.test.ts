import { expect, test } from 'vitest';
import { requestOf } from '../../../src/hosts/lambda/event.ts';
import { event } from './invocation.ts';

const { signal } = new AbortController();

test('a URL is made of the domain that the platform says, the path and the query as they came', () => {
  const request = requestOf(event('GET', '/a%20b/c?x=1&x=%26'), signal);
  expect(request.url).toBe('https://abc.lambda-url.eu-central-1.on.aws/a%20b/c?x=1&x=%26');
  const lying = { headers: { host: 'evil.example', 'x-forwarded-host': 'evil.example' } };
  expect(new URL(requestOf(event('GET', '', lying), signal).url).href).toBe(
    'https://abc.lambda-url.eu-central-1.on.aws/',
  );
});

test('headers come with all their values, and cookies as one header', () => {
  const headers = { accept: 'a,b', absent: undefined };
  const request = requestOf(event('GET', '/', { headers, cookies: ['a=1', 'b=2'] }), signal);
  expect(Object.fromEntries(request.headers)).toEqual({ accept: 'a,b', cookie: 'a=1; b=2' });
});

test('a body comes as text or as bytes', async () => {
  const text = requestOf(event('POST', '/', { body: '{"ä":1}' }), signal);
  expect(await text.json()).toEqual({ ä: 1 });
  const bytes = Buffer.from([0, 255, 128, 10]);
  const base64 = { body: bytes.toString('base64'), isBase64Encoded: true };
  const request = requestOf(event('PUT', '/', base64), signal);
  expect(Buffer.from(await request.arrayBuffer())).toEqual(bytes);
  expect(requestOf(event('GET', '/', { body: '' }), signal).body).toBeNull();
});

test('the signal is that of the invocation', () => {
  const controller = new AbortController();
  const request = requestOf(event('GET', '/'), controller.signal);
  controller.abort();
  expect(request.signal.aborted).toBe(true);
});

test.each([
  ['a method that fetch forbids', event('TRACE', '/')],
  ['a header that is none', event('GET', '/', { headers: { 'a b': 'c' } })],
  ['a domain that is none', event('GET', '/', { requestContext: { domainName: 'a b', http: { method: 'GET' } } })],
])('%s is invalid input', (_what, wrong) => {
  expect(() => requestOf(wrong, signal)).toThrow(expect.objectContaining({ code: 'invalid_input' }));
});
