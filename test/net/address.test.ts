import { describe, expect, it } from 'vitest';
import { isAddress, isLocalName, refusedRange } from '../../src/net/address.ts';

/** As the guard sees a host: `URL` turns other spellings of an IPv4 address into four decimals. */
const throughUrl = (host: string) => refusedRange(new URL(`https://${host}/`).hostname);

describe('addresses that are not public', () => {
  it.each([
    ['0.0.0.0', 'unspecified'],
    ['10.1.2.3', 'private'],
    ['100.64.0.1', 'carrier-grade NAT'],
    ['100.127.255.255', 'carrier-grade NAT'],
    ['127.0.0.1', 'loopback'],
    ['127.255.255.254', 'loopback'],
    ['169.254.169.254', 'link-local'],
    ['172.16.0.1', 'private'],
    ['172.31.255.255', 'private'],
    ['192.0.0.8', 'reserved'],
    ['192.0.2.1', 'documentation'],
    ['192.168.1.1', 'private'],
    ['198.19.0.1', 'benchmarking'],
    ['224.0.0.1', 'multicast'],
    ['255.255.255.255', 'reserved'],
    ['::', 'unspecified'],
    ['::1', 'loopback'],
    ['[::1]', 'loopback'],
    ['fe80::1%eth0', 'link-local'],
    ['fd00:ec2::254', 'private'],
    ['fec0::1', 'private'],
    ['ff02::1', 'multicast'],
    ['2001:db8::1', 'documentation'],
    ['2001::1', 'reserved'],
    ['5f00::1', 'reserved'],
    ['100::1', 'reserved'],
    ['::7f00:1', 'reserved'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['::ffff:a9fe:a9fe', 'link-local'],
    ['0:0:0:0:0:ffff:10.0.0.1', 'private'],
    ['64:ff9b::10.0.0.1', 'private'],
    ['64:ff9b:1::1', 'private'],
    ['2002:7f00:1::', 'loopback'],
    ['2002:a00:1::1', 'private'],
  ])('%s is %s', (address, range) => {
    expect(refusedRange(address)).toBe(range);
  });

  it.each([
    '2130706433',
    '0x7f.1',
    '0177.0.0.1',
    '0x7f000001',
    '127.1',
    '127.0.0.1.',
    '[::ffff:127.0.0.1]',
    '１２７.0.0.1',
  ])('a URL with the host %s is seen as loopback', (host) => {
    expect(throughUrl(host)).toBe('loopback');
  });

  it.each(['', 'example.org', '1.2.3', '1.2.3.256', '1:2:3', '1::2::3', ':::', '12345::', '::1.2.3'])(
    'what is no address is not taken for a public one: %s',
    (text) => {
      expect(refusedRange(text)).toBe('unreadable');
      expect(isAddress(text)).toBe(false);
    },
  );
});

describe('public addresses', () => {
  it.each([
    '1.1.1.1',
    '9.255.255.255',
    '11.0.0.1',
    '100.63.255.255',
    '100.128.0.1',
    '172.15.0.1',
    '172.32.0.1',
    '192.0.1.1',
    '223.255.255.255',
    '2606:4700::1111',
    '[2a00:1450:4001:80b::200e]',
    '::ffff:8.8.8.8',
    '64:ff9b::8.8.8.8',
    '2002:808:808::1',
  ])('%s', (address) => {
    expect(refusedRange(address)).toBeNull();
    expect(isAddress(address)).toBe(true);
  });
});

describe('names of the local network', () => {
  it.each(['localhost', 'LOCALHOST.', 'a.localhost', 'printer.local', 'metadata.google.internal', 'nas.home.arpa'])(
    '%s is one',
    (name) => {
      expect(isLocalName(name)).toBe(true);
    },
  );

  it.each(['example.org', 'localhost.example.org', 'mylocal', 'notinternal'])('%s is none', (name) => {
    expect(isLocalName(name)).toBe(false);
  });
});
