/**
 * Judges whether an IP address or a host name belongs to the public internet, by the IANA special-purpose registries. An
 * address that it cannot read is not public, nor is an IPv6 range that is not assigned. It resolves no names. Pure.
 */

/** The first address of a range, its prefix length, and the name of the range in errors. */
type Range = readonly [first: string, prefix: number, name: string];

const V4_RANGES: readonly Range[] = [
  ['0.0.0.0', 8, 'unspecified'],
  ['10.0.0.0', 8, 'private'],
  ['100.64.0.0', 10, 'carrier-grade NAT'],
  ['127.0.0.0', 8, 'loopback'],
  ['169.254.0.0', 16, 'link-local'],
  ['172.16.0.0', 12, 'private'],
  ['192.0.0.0', 24, 'reserved'],
  ['192.0.2.0', 24, 'documentation'],
  ['192.88.99.0', 24, 'reserved'],
  ['192.168.0.0', 16, 'private'],
  ['198.18.0.0', 15, 'benchmarking'],
  ['198.51.100.0', 24, 'documentation'],
  ['203.0.113.0', 24, 'documentation'],
  ['224.0.0.0', 4, 'multicast'],
  ['240.0.0.0', 4, 'reserved'],
];

const V6_RANGES: readonly Range[] = [
  ['::', 128, 'unspecified'],
  ['::1', 128, 'loopback'],
  ['64:ff9b:1::', 48, 'private'],
  ['2001::', 23, 'reserved'],
  ['2001:db8::', 32, 'documentation'],
  ['3fff::', 20, 'documentation'],
  ['fc00::', 7, 'private'],
  ['fe80::', 10, 'link-local'],
  ['fec0::', 10, 'private'],
  ['ff00::', 8, 'multicast'],
];

/** IPv6 ranges that carry an IPv4 address, and the byte at which that begins. The IPv4 address is judged instead. */
const CARRIERS: readonly [first: string, prefix: number, at: number][] = [
  ['::ffff:0:0', 96, 12],
  ['::ffff:0:0:0', 96, 12],
  ['64:ff9b::', 96, 12],
  ['2002::', 16, 2],
];

/** The only part of IPv6 that is assigned to the public internet. */
const V6_GLOBAL = ['2000::', 3] as const;

/** Endings of names that never mean a public host (RFC 6761, 6762, 8375, 9476). `internal` is also where clouds have their metadata. */
const LOCAL_NAMES = ['localhost', 'local', 'internal', 'home.arpa'];

/**
 * @param address IPv4 in four decimals, or IPv6 with or without brackets and zone.
 * @returns the name of the range that is not public (`loopback`, `private`, `link-local`, …); null for a public address.
 */
export function refusedRange(address: string): string | null {
  const bytes = parseAddress(address);
  if (bytes === null) return 'unreadable';
  return bytes.length === 4 ? refusedV4(bytes) : refusedV6(bytes);
}

/** Whether a host is an IP address, as `URL.hostname` writes one. `URL` turns `0x7f.1` and `2130706433` into four decimals before. */
export function isAddress(hostname: string): boolean {
  return parseAddress(hostname) !== null;
}

/** Whether only a local network can resolve a host name. */
export function isLocalName(hostname: string): boolean {
  const name = hostname.toLowerCase().replace(/\.$/, '');
  return LOCAL_NAMES.some((local) => name === local || name.endsWith(`.${local}`));
}

function refusedV4(bytes: readonly number[]): string | null {
  return V4_RANGES.find(([first, prefix]) => within(bytes, first, prefix))?.[2] ?? null;
}

function refusedV6(bytes: readonly number[]): string | null {
  for (const [first, prefix, at] of CARRIERS) {
    if (within(bytes, first, prefix)) return refusedV4(bytes.slice(at, at + 4));
  }
  const named = V6_RANGES.find(([first, prefix]) => within(bytes, first, prefix));
  if (named) return named[2];
  return within(bytes, ...V6_GLOBAL) ? null : 'reserved';
}

function within(bytes: readonly number[], first: string, prefix: number): boolean {
  const start = parseAddress(first) ?? [];
  const whole = Math.floor(prefix / 8);
  for (let index = 0; index < whole; index += 1) if (bytes[index] !== start[index]) return false;
  const rest = prefix % 8;
  return rest === 0 || (bytes[whole] ?? 0) >> (8 - rest) === (start[whole] ?? 0) >> (8 - rest);
}

/** The 4 or 16 bytes of an address; null for a text that is no address. */
function parseAddress(text: string): number[] | null {
  if (!text.includes(':')) return parseV4(text);
  const bare = text.replace(/^\[(.*)\]$/, '$1').replace(/%.*$/, '');
  const halves = bare.split('::');
  if (halves.length > 2) return null;
  const head = parseGroups(halves[0] ?? '');
  const tail = parseGroups(halves[1] ?? '');
  if (head === null || tail === null) return null;
  const missing = 16 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 2) return null;
  return [...head, ...Array.from({ length: missing }, () => 0), ...tail];
}

function parseGroups(text: string): number[] | null {
  if (text === '') return [];
  const groups = text.split(':');
  const bytes: number[] = [];
  for (const [index, group] of groups.entries()) {
    const embedded = index === groups.length - 1 && group.includes('.') ? parseV4(group) : null;
    if (embedded) bytes.push(...embedded);
    else if (/^[0-9a-f]{1,4}$/i.test(group))
      bytes.push(Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255);
    else return null;
  }
  return bytes;
}

function parseV4(text: string): number[] | null {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255)) return null;
  return parts.map(Number);
}
