/**
 * Ids of events as subscribers get them, the same by a poll, a stream and a webhook, where they are a header (`webhook-id`). So they
 * are printable ASCII without a space at either end, and 256 characters at most. Pure.
 */
import { digestOf } from '../../base/digest.ts';

const MOST_CHARACTERS = 256;
const HEADER_VALUE = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;
const NOT_SAFE = /[^\x21-\x24\x26-\x7e]/g;
/** What an id begins with that was escaped, and one that was shortened too. */
const ESCAPED = '%.';
const SHORTENED = '%~';
const BEGINNING = 140;
const END = 80;

/**
 * Most ids as they are. Any other is escaped: `%` and four hexadecimal digits for each UTF-16 unit that is no visible ASCII. Different
 * ids stay different. Where that is too long, its beginning, its end and a digest of all stand for it.
 */
export function shownEventId(id: string): string {
  const isReserved = id.startsWith(ESCAPED) || id.startsWith(SHORTENED);
  if (id.length <= MOST_CHARACTERS && HEADER_VALUE.test(id) && !isReserved) return id;
  const escaped = ESCAPED + id.replaceAll(NOT_SAFE, escapedUnit);
  if (escaped.length <= MOST_CHARACTERS) return escaped;
  return `${SHORTENED}${escaped.slice(ESCAPED.length, BEGINNING)}~${digestOf(id)}~${escaped.slice(-END)}`;
}

function escapedUnit(unit: string): string {
  return `%${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
