/** The proxies that an operator trusts, as addresses. Pure; it looks no name up. */

export const PROXIES_EXPECTED =
  'addresses of proxies such as 10.0.0.7, 10.0.0.0/8 or fd00::/8, with commas between them; loopback for those of this machine';

export interface AddressRange {
  address: string;
  family: 'ipv4' | 'ipv6';
  /** Bits that are the same in all of it. */
  prefix: number;
}

const LOOPBACK: readonly AddressRange[] = [
  { address: '127.0.0.0', family: 'ipv4', prefix: 8 },
  { address: '::1', family: 'ipv6', prefix: 128 },
];
const BITS = { ipv4: 32, ipv6: 128 };

/** The ranges that a text means; null: it is none. */
export function readProxies(text: string): AddressRange[] | null {
  if (text === 'loopback') return [...LOOPBACK];
  const [address = '', bits, more] = text.split('/');
  const family = familyOf(address);
  if (family === null || more !== undefined) return null;
  const prefix = bits === undefined ? BITS[family] : Number(bits);
  const isPrefix = bits === undefined || /^\d{1,3}$/.test(bits);
  return isPrefix && prefix <= BITS[family] ? [{ address, family, prefix }] : null;
}

function familyOf(address: string): AddressRange['family'] | null {
  if (/^\d{1,3}(?:\.\d{1,3}){3}$/.test(address))
    return URL.parse(`http://${address}`)?.hostname === address ? 'ipv4' : null;
  return /^[\da-f:.]+$/i.test(address) && address.includes(':') && URL.canParse(`http://[${address}]`) ? 'ipv6' : null;
}
