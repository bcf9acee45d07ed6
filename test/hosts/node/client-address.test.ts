/** From which address a request comes, behind proxies that were declared and others. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { readProxies } from '../../../src/base/config/proxies.ts';
import { createClientAddresses } from '../../../src/hosts/node/client-address.ts';
import { boundConnections, type ServedConnection } from '../../../src/hosts/node/connection-bounds.ts';
import { networkOf } from '../../../src/net/network-of.ts';

const rangesOf = (texts: readonly string[]) => texts.flatMap((text) => readProxies(text) ?? []);

function addressOf(proxies: readonly string[], remoteAddress: string, forwarded?: string): string {
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };
  const incoming = { socket: { remoteAddress }, headers } as unknown as IncomingMessage;
  return createClientAddresses(rangesOf(proxies))(incoming).address;
}

test.each([
  ['no proxy is declared', [], '10.0.0.7', '203.0.113.9', '10.0.0.7'],
  ['the connection is no proxy', ['10.0.0.0/8'], '198.51.100.3', '203.0.113.9', '198.51.100.3'],
  ['one proxy', ['10.0.0.7'], '10.0.0.7', '203.0.113.9', '203.0.113.9'],
  ['a proxy that says nothing', ['10.0.0.7'], '10.0.0.7', undefined, '10.0.0.7'],
  ['what the caller wrote before', ['10.0.0.7'], '10.0.0.7', '1.1.1.1, 203.0.113.9', '203.0.113.9'],
  ['two proxies', ['10.0.0.0/8'], '10.0.0.7', '1.1.1.1, 203.0.113.9, 10.0.0.8', '203.0.113.9'],
  ['a caller that names a proxy', ['10.0.0.0/8'], '10.0.0.7', '10.9.9.9, 203.0.113.9', '203.0.113.9'],
  ['proxies alone', ['10.0.0.0/8'], '10.0.0.7', '10.0.0.9, 10.0.0.8', '10.0.0.9'],
  ['no address', ['10.0.0.7'], '10.0.0.7', 'unknown', '10.0.0.7'],
  ['no address behind a proxy', ['10.0.0.0/8'], '10.0.0.7', '203.0.113.9, _hidden, 10.0.0.8', '10.0.0.8'],
  ['an empty part', ['10.0.0.7'], '10.0.0.7', '203.0.113.9, ', '10.0.0.7'],
  ['a port', ['10.0.0.7'], '10.0.0.7', '203.0.113.9:4711', '203.0.113.9'],
  ['IPv6 with a port', ['loopback'], '::1', '[2001:db8::9]:4711', '2001:db8::9'],
  ['IPv6', ['fd00::/8'], 'fd00::7', '2001:db8::9', '2001:db8::9'],
  ['IPv4 in IPv6', ['10.0.0.0/8'], '::ffff:10.0.0.7', '203.0.113.9', '203.0.113.9'],
  ['loopback', ['loopback'], '127.0.0.1', '203.0.113.9', '203.0.113.9'],
  ['very many', ['10.0.0.0/8'], '10.0.0.7', `203.0.113.9${', 10.0.0.8'.repeat(5_000)}`, '10.0.0.8'],
])('%s', (_name, proxies, remote, forwarded, address) => {
  expect(addressOf(proxies, remote, forwarded)).toBe(address);
});

test.each([
  ['203.0.113.9', '203.0.113.9'],
  ['::ffff:203.0.113.9', '203.0.113.9'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
])('%s is of the network %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});

/** What requests share, in their order. @param proxies that are declared */
async function served(proxies: readonly string[], forwarded: readonly string[]): Promise<ServedConnection[]> {
  const server = createServer();
  const seen: ServedConnection[] = [];
  const bounds = { connections: 10, unsentBytes: 1_000, answerMs: 1_000, proxies: rangesOf(proxies) };
  const connections = boundConnections(server, bounds, () => 0);
  server.on('request', (incoming, outgoing) =>
    connections.inOrder(
      incoming,
      outgoing,
      (connection) => {
        seen.push(connection);
        outgoing.end();
        return () => {};
      },
      () => outgoing.destroy(),
    ),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    connections.stop();
    server.close();
  });
  for (const address of forwarded) {
    const { port } = server.address() as AddressInfo;
    const sent = request({ host: '127.0.0.1', port, agent: false, headers: { 'X-Forwarded-For': address } });
    sent.end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    await once(response.resume(), 'end');
  }
  return seen;
}

test('behind a proxy each address has a share of its own, on whichever connection it comes', async () => {
  const [first, other, again] = await served(['loopback'], ['203.0.113.9', '203.0.113.10', '203.0.113.9']);
  expect(first?.around).not.toBe(other?.around);
  expect(again?.around).toBe(first?.around);
  expect(again?.spending).not.toBe(first?.spending);
});

test('of a proxy that is not declared all share one, which lasts from one connection to the next', async () => {
  const [first, other] = await served([], ['203.0.113.9', '203.0.113.10']);
  expect(other?.around).toBe(first?.around);
});
