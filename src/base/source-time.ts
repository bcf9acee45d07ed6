/**
 * Times as sources write them: ISO 8601, or a count since 1970 of seconds, milliseconds or nanoseconds. Within, a time is
 * nanoseconds in a bigint, so that a source's own last digit survives. Pure.
 */

export type TimeFormat = 'iso' | 's' | 'ms' | 'ns';

export const TIME_FORMATS: readonly TimeFormat[] = ['iso', 's', 'ms', 'ns'];

const NS_PER_MS = 1_000_000n;
/** Decimal places of a nanosecond in each unit. */
const PLACES = { s: 9, ms: 6, ns: 0 } as const;

export function fromMs(ms: number): bigint {
  return BigInt(Math.floor(ms)) * NS_PER_MS;
}

/** Null for what is no time in this form. Text and numbers are taken alike; digits behind nanoseconds are cut off. */
export function parseTime(value: unknown, format: TimeFormat): bigint | null {
  if (typeof value !== 'string' && typeof value !== 'number') return null;
  const text = String(value).trim();
  return format === 'iso' ? parseIso(text) : parseCount(text, PLACES[format]);
}

function parseIso(text: string): bigint | null {
  const ms = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) return null;
  const fraction = /:\d\d[.,](\d+)/.exec(text)?.[1] ?? '';
  return fromMs(ms) + BigInt(fraction.slice(3, 9).padEnd(6, '0'));
}

function parseCount(text: string, places: number): bigint | null {
  const [, sign = '', whole = '', fraction = ''] = /^(-?)(\d{1,25})(?:\.(\d+))?$/.exec(text) ?? [];
  if (whole === '') return null;
  const ns = BigInt(whole + fraction.slice(0, places).padEnd(places, '0'));
  return sign === '' ? ns : -ns;
}

/** The shortest text that says it exactly. */
export function writeTime(ns: bigint, format: TimeFormat): string {
  if (format === 'iso') {
    const rest = floorMod(ns, NS_PER_MS);
    const text = new Date(Number((ns - rest) / NS_PER_MS)).toISOString();
    return rest === 0n ? text : text.replace('Z', `${String(rest).padStart(6, '0').replace(/0+$/, '')}Z`);
  }
  const places = PLACES[format];
  if (places === 0) return String(ns);
  const digits = String(ns < 0n ? -ns : ns).padStart(places + 1, '0');
  const fraction = digits.slice(-places).replace(/0+$/, '');
  return `${ns < 0n ? '-' : ''}${digits.slice(0, -places)}${fraction === '' ? '' : `.${fraction}`}`;
}

/** The remainder that is never negative. */
export function floorMod(value: bigint, by: bigint): bigint {
  return ((value % by) + by) % by;
}
