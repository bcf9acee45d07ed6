/**
 * Time zones by their IANA name: how far local time is from UTC at a moment, and the moment at which a local time begins.
 * The rules are those of the host's Intl. It assumes that clocks change at whole quarters of an hour of UTC, as they have
 * for decades.
 */
import { TidegateError } from '../errors.ts';
import { nearestName } from '../known-names.ts';

export interface Zone {
  name: string;
  /** Local time less UTC at this moment, ms. */
  offsetAt(time: number): number;
  /** The first moment at which clocks show `local` (ms, as if it were UTC), or the one at which they jump over it. */
  momentOf(local: number): number;
}

export const QUARTER_MS = 900_000;
export const ZONE_CHARACTERS = 64;
const DAY_MS = 86_400_000;
/** Intl tells no offsets outside of these times; there the nearest offset is used. */
const EARLIEST = Date.UTC(1, 0, 2);
const LATEST = Date.UTC(9_998, 11, 31);
const MOST_REMEMBERED = 10_000;

/** @throws TidegateError `invalid_input`: `zone` */
export function zoneOf(name: string): Zone {
  const format = formatOf(name);
  const offsets = new Map<number, number>();

  function offsetAt(time: number): number {
    const quarter = Math.floor(Math.min(Math.max(time, EARLIEST), LATEST) / QUARTER_MS);
    const known = offsets.get(quarter);
    if (known !== undefined) return known;
    if (offsets.size >= MOST_REMEMBERED) offsets.clear();
    const offset = parseOffset(format, quarter * QUARTER_MS);
    offsets.set(quarter, offset);
    return offset;
  }

  function momentOf(local: number): number {
    const near = [...new Set([local - DAY_MS, local, local + DAY_MS].map(offsetAt))];
    const shown = near.map((offset) => local - offset).filter((moment) => moment + offsetAt(moment) === local);
    if (shown.length > 0) return Math.min(...shown);
    // No clock ever shows `local`: clocks jump over it between these two moments.
    const last = local - Math.min(...near);
    let moment = Math.floor((local - Math.max(...near)) / QUARTER_MS) * QUARTER_MS;
    while (moment < last && moment + offsetAt(moment) < local) moment += QUARTER_MS;
    return moment;
  }

  return { name, offsetAt, momentOf };
}

/**
 * The moment that a source means by what its clock showed, ms as if it were UTC. Of an hour that comes twice it is the
 * first, and what clocks jump over is counted on from before the jump: 02:30 is 03:30 then. (So read Java and Temporal.)
 */
export function instantOf(zone: Zone, local: number): number {
  const near = [local - DAY_MS, local, local + DAY_MS].map((time) => local - zone.offsetAt(time));
  const shown = near.filter((moment) => moment + zone.offsetAt(moment) === local);
  return shown.length > 0 ? Math.min(...shown) : Math.max(...near);
}

export function isZone(name: unknown): name is string {
  try {
    return typeof name === 'string' && zoneOf(name).name === name;
  } catch {
    return false;
  }
}

/** What was expected where no zone has that name. The list of all zones is only looked through then. */
export function zoneExpected(name: unknown): string {
  const near = typeof name === 'string' ? nearestName(name, Intl.supportedValuesOf('timeZone')) : null;
  return `the IANA name of a time zone, such as Europe/Berlin or UTC${near === null ? '' : ` (did you mean ${near}?)`}`;
}

function formatOf(name: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' });
  } catch (cause) {
    throw new TidegateError('invalid_input', `there is no time zone ${name.slice(0, ZONE_CHARACTERS)}`, {
      field: 'zone',
      expected: zoneExpected(name),
      cause,
    });
  }
}

/** `GMT`, `GMT+05:30`, `GMT-00:25:21` */
function parseOffset(format: Intl.DateTimeFormat, time: number): number {
  const text = format.formatToParts(time).find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const [, sign, hours, minutes, seconds = '0'] = /^GMT([+-])(\d\d):(\d\d)(?::(\d\d))?$/.exec(text) ?? [];
  if (sign === undefined) return 0;
  const size = Number(hours) * 3_600_000 + Number(minutes) * 60_000 + Number(seconds) * 1_000;
  return sign === '-' ? -size : size;
}
