/** How many requests of earlier revisions may go on without their clients. */
import { expect, test } from 'vitest';
import type { PerRequestHTTPServerTransport } from '@modelcontextprotocol/server';
import { createUnderWay } from '../../../src/mcp/serve/under-way.ts';

/** What the SDK does when a client goes: it closes the transport, which ends the handler. */
function transport() {
  const made = { closed: 0, close: async () => void (made.closed += 1), send: async () => {} };
  return made;
}
const of = (made: ReturnType<typeof transport>) => made as unknown as PerRequestHTTPServerTransport;

test('250 go on when their clients go; whoever comes beyond ends with its client', async () => {
  const underWay = createUnderWay(true);
  const all = Array.from({ length: 251 }, transport);
  for (const each of all) underWay.begin(of(each));
  for (const each of all) await each.close();
  expect(all.map(({ closed }) => closed)).toEqual([...Array.from({ length: 250 }, () => 0), 1]);
  await underWay.close();
  expect(all.every(({ closed }) => closed === 1)).toBe(true);
});

test('one that was answered makes room for another', async () => {
  const underWay = createUnderWay(true);
  const all = Array.from({ length: 250 }, transport);
  for (const each of all) underWay.begin(of(each));
  await of(all[0] as ReturnType<typeof transport>).send({ jsonrpc: '2.0', id: 1, result: {} });
  const next = transport();
  underWay.begin(of(next));
  await next.close();
  expect(next.closed).toBe(0);
});

test('where the platform stops what has no client, all end with theirs', async () => {
  const underWay = createUnderWay(false);
  const one = transport();
  underWay.begin(of(one));
  await one.close();
  expect(one.closed).toBe(1);
});
