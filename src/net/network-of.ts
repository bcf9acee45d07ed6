/** One caller: an address of IPv4; of IPv6 its first 64 bits, because one machine has all that follow. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined || !address.includes(':')) return mapped ?? address;
  const [first = ''] = address.split('::');
  const groups = first.split(':').slice(0, 4);
  while (groups.at(-1) === '0') groups.pop();
  return groups.join(':');
}
