/** The line of a request: who, which trace, how large, at which level, how often for probes, and nothing that a caller could forge. */
import { expect, test } from 'vitest';
import { createLog } from '../../../src/hosts/log.ts';
import { META, observedHost, type ObservedHost } from './observed-host.ts';

const requests = ({ lines }: ObservedHost) => lines.filter(({ message }) => message === 'request');
const who = { tenant: 'acme', subject: 'ann', client: null, scopes: ['*'] } as never;

test('caller, trace, request id and bytes are named, and neither the query nor a credential', async () => {
  const host = observedHost({ isOpen: false, authenticate: () => who });
  const trace = '0af7651916cd43dd8448eb211c80319c';
  await host.call(
    { method: 'tools/list', params: META },
    {
      traceparent: `00-${trace}-b7ad6b7169203331-01`,
      'x-request-id': 'r-1',
      authorization: 'Bearer secret-key',
      'content-length': '55',
    },
  );
  await host.get('/nowhere?token=secret-query', { cookie: 'tidegate-login=secret-cookie' });
  const [listed, missing] = requests(host);
  expect(listed).toMatchObject({
    level: 'debug',
    fields: {
      method: 'POST',
      path: '/mcp',
      mcp: 'tools/list',
      status: 200,
      tenant: 'acme',
      subject: 'ann',
      trace,
      requestId: 'r-1',
      bytes: 55,
    },
  });
  expect(missing?.fields).toMatchObject({ path: '/nowhere', status: 404 });
  expect(JSON.stringify(requests(host))).not.toContain('secret');
});

test('LOG_REQUESTS=all writes each at info, and of probes one a minute with how many there were', async () => {
  const host = observedHost({ variables: { LOG_REQUESTS: 'all' } });
  for (let n = 0; n < 30; n += 1) await host.get('/healthz');
  await host.get('/nowhere');
  host.clock.now += 61_000;
  await host.get('/healthz');
  expect(requests(host).map(({ level, fields }) => [level, fields['path'], fields['unsaid']])).toEqual([
    ['info', '/healthz', undefined],
    ['info', '/nowhere', undefined],
    ['info', '/healthz', 29],
  ]);
});

test('what a caller sends stays within its line, its field and its length', async () => {
  const host = observedHost({ variables: { LOG_REQUESTS: 'all' } });
  await host.get(`/a%0A{"level":"error","message":"forged"}\u202e`, {
    'x-request-id': 'a {"x":1}',
    traceparent: '00-evil-01',
    'cf-ray': '8f-FRA',
  });
  await host.get(`/%C2%85%0D%0AFAKE%E2%80%A8${'x'.repeat(9_000)}`);
  await host.tool('t'.repeat(5_000));
  const written: string[] = [];
  const log = createLog('info', { write: (line) => written.push(line) });
  for (const { message, fields } of requests(host)) log('info', message, fields as never);
  expect(written.length).toBe(3);
  for (const line of written) {
    expect(line.length).toBeLessThan(900);
    expect(line).toMatch(/^[ -~…]+$/);
    expect((JSON.parse(line) as { message: string }).message).toBe('request');
  }
  expect(requests(host)[0]?.fields).toMatchObject({ requestId: '8f-FRA' });
  expect(requests(host)[0]?.fields).not.toHaveProperty('trace');
});
