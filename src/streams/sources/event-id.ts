/**
 * Ids of events as subscribers get them, the same by a poll, a stream and a webhook, where they are a header (`webhook-id`). So they
 * are printable ASCII without a space at either end, and 256 characters at most. Pure.
 */
import { digestOf } from '../../base/digest.ts';

const MOST_CHARACTERS = 256;
const HEADER_VALUE = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;
const NOT_SAFE = /[^\x21-\x24\x26-\x7e]/g;
/** Stands between id and revision. */
const BETWEEN = '~';
/** What an id begins with that was escaped, and one that was shortened too. */
const ESCAPED = '%.';
const SHORTENED = '%~';
const BEGINNING = 140;
const END = 80;

interface Identified {
  id: string;
  revision?: string | undefined;
}

/**
 * The id of an event, with its revision where it has one: `us7000abcd~3`. An id with a `~` of its own is escaped, so that it is no
 * other id with a revision.
 */
export function eventIdOf(event: Identified): string {
  const { id, revision } = event;
  if (!id.includes(BETWEEN)) return shownEventId(joined(event));
  const escaped = [id.replaceAll(NOT_SAFE, escapedUnit).replaceAll(BETWEEN, escapedUnit)];
  if (revision !== undefined) escaped.push(revision.replaceAll(NOT_SAFE, escapedUnit));
  return asShown(escaped.join(BETWEEN), JSON.stringify([id, revision]));
}

/** Whether an event was told of under an id: earlier releases took no care of a `~`, and before that of no character. */
export function wasToldAs(event: Identified, eventId: string): boolean {
  const before = joined(event);
  return [eventIdOf(event), shownEventId(before), before].includes(eventId);
}

function joined({ id, revision }: Identified): string {
  return revision === undefined ? id : id + BETWEEN + revision;
}

/**
 * Most ids as they are. Any other is escaped: `%` and four hexadecimal digits for each UTF-16 unit that is no visible ASCII. Different
 * ids stay different. Where that is too long, its beginning, its end and a digest of all stand for it.
 */
function shownEventId(id: string): string {
  const isReserved = id.startsWith(ESCAPED) || id.startsWith(SHORTENED);
  if (id.length <= MOST_CHARACTERS && HEADER_VALUE.test(id) && !isReserved) return id;
  return asShown(id.replaceAll(NOT_SAFE, escapedUnit), id);
}

function asShown(escaped: string, whole: string): string {
  if (ESCAPED.length + escaped.length <= MOST_CHARACTERS) return ESCAPED + escaped;
  const beginning = escaped.slice(0, BEGINNING - ESCAPED.length);
  return `${SHORTENED}${beginning}~${digestOf(whole)}~${(ESCAPED + escaped).slice(-END)}`;
}

function escapedUnit(unit: string): string {
  return `%${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
