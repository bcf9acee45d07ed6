/** The words around the rows of `read_history`: its range, what is left out, and how to go on. Pure. */
import type { App } from '../declare/app.ts';
import type { HistoryPage } from '../streams/history/events.ts';
import { followsEvents, knownAggregate } from '../streams/history/aggregate.ts';
import type { WindowsPage } from '../streams/history/windows-page.ts';
import { isoTime } from '../base/time/time-text.ts';
import type { Json } from '../base/json.ts';
import { jsonText, plainText } from '../base/plain.ts';
import type { Changes } from '../streams/history/windows-refused.ts';
import { listedWhere } from './condition-input.ts';
import type { HistoryInput } from './history-input.ts';
import { callsTo, type NextCall } from '../calls/next-call.ts';

/** Keys that a note names. */
const MOST_NAMED = 20;
const ANEW =
  'Truncated: the store went back to an earlier state (a restore). The range begins anew here: drop the pages before.';

export const OLDER_TRIMMED = 'These begin with the oldest that is kept: older events were trimmed by retention.';

/** Says what the rows leave out, because a field that no event has would look like a stream without events. */
export function skippedText({ skipped: { gaps, missing }, of }: WindowsPage, fields: readonly string[]): string[] {
  const where = fields.join(' or ') || 'the field';
  const without = missing === 0 ? [] : [`Not counted: ${missing} event(s) without a ${of} at ${where}.`];
  return gaps === 0 ? without : [...without, `Not counted: ${gaps} gap(s), where events are missing.`];
}

/**
 * Says which keys the rows leave out, because nothing of them was counted; and which have rows of 0 that the filter may not be
 * meant for.
 * @param fields whose numbers the rows are of; none: events are counted
 */
export function silentText(
  { silent, failing, of: kind }: WindowsPage,
  { where, keys, empty }: HistoryInput,
  fields: readonly string[],
): string[] {
  const passing = where === undefined ? '' : ' that passes where';
  const what = fields.length === 0 ? 'event' : `${kind} at ${fields.join(' or ')}`;
  if (failing.count > 0) return [`Rows of keys whose latest event fails where too: ${namesText(failing)}`];
  if (silent === null) return [];
  const { count, after } = silent;
  const further = after === null ? [] : [`Known keys behind ${plainText(after)} were not looked at.`];
  if (count === 0) return further;
  const lacks = fields.length === 0 ? `event${passing}` : where === undefined ? what : `${what} in an event${passing}`;
  const of = keys === undefined ? 'known' : 'asked';
  const more = empty === true ? 'too many for rows of 0' : 'empty: true gives them rows';
  return [
    `Without a row: ${count} ${of} key(s) that have no ${lacks} in the range: ${namesText(silent)} (${more})`,
    ...further,
  ];
}

function namesText({ keys, count }: { keys: readonly string[]; count: number }): string {
  return `${keys.map(plainText).join(', ')}${count > keys.length ? `, … (${count} in all)` : ''}`;
}

export function rangeText(
  { from, to }: { from: number | null; to: number | null },
  timeOf: (time: number) => string,
): string {
  // Without an end a range holds what is still to come, such as forecasts.
  if (to === null) return from === null ? '' : `, from ${timeOf(from)} on`;
  return `, ${from === null ? 'up' : timeOf(from)} to ${timeOf(to)}`;
}

/** Where events could not be sorted by their times, models have to know that one that comes first may not be the newest. */
export function mixedText({ by }: Pick<HistoryPage, 'by'>): string {
  return by === 'time' ? '' : ' as they ARRIVED (their times are too mixed to be sorted; a shorter range can be)';
}

export function endText(page: HistoryPage | WindowsPage): string[] {
  const { truncated, anew, cursor, scanned } = page;
  const gone = anew ? [ANEW] : truncated ? ['Truncated: events of this range may be gone by retention.'] : [];
  if (cursor === null) return gone;
  const through =
    // What is told by time was looked at wherever it had arrived.
    scanned.through === null || ('by' in page && page.by === 'time')
      ? ''
      : ` What arrived up to ${isoTime(scanned.through)} was looked at (${scanned.entries} events).`;
  return [...gone, `Not complete.${through}`];
}

/** How much was read for a whole answer that leaves events out: of a large stream that may be far more than it shows. */
export function readText({ cursor, scanned }: HistoryPage | WindowsPage, { keys, where }: HistoryInput): string[] {
  if (cursor !== null || (keys === undefined && where === undefined)) return [];
  return [`Looked at ${scanned.entries} event(s) to find these.`];
}

/** Says how far the values with which the range began are known, and which windows have rows for them. */
export function heldText(
  { carried, heldLeftOut, rows }: WindowsPage,
  { empty, aggregates = [] }: HistoryInput,
): string[] {
  const { unknown, hasMore } = carried;
  const keys = unknown.flatMap((key) => key ?? []);
  const named = namesText({ keys: keys.slice(0, MOST_NAMED), count: keys.length });
  const ofKeys = keys.length === 0 ? '' : ` of ${keys.length} key(s): ${named}`;
  const isCarried = empty !== true && aggregates.some((name) => knownAggregate(name)?.kind === 'timeIn');
  return [
    ...(isCarried && rows.some(({ count }) => count === 0)
      ? ['count=0: no event in that window; the value from before it stood on.']
      : []),
    ...(unknown.length === 0
      ? []
      : [`Not known is the value at the beginning${ofKeys}. Time before the first event is not counted there.`]),
    ...(hasMore ? ['Not all known keys were looked at for values from before the range.'] : []),
    ...(heldLeftOut
      ? ['Windows without events are left out, as too many, and the time in them is missing: take longer windows.']
      : []),
  ];
}

/** Says what a filter does to aggregates that follow one event to the next. */
export function followedText({ aggregates }: WindowsPage, { where }: HistoryInput): string[] {
  const names = aggregates.filter((name) => {
    const aggregate = knownAggregate(name);
    return aggregate !== null && followsEvents(aggregate);
  });
  const fields = Object.keys(where ?? {}).map(plainText);
  if (names.length === 0 || fields.length === 0) return [];
  return [
    `${names.map(plainText).join(', ')}: from one event that passes where to the next; events that fail it end nothing. Exact where ${fields.join(' and ')} never change(s) for a key.`,
  ];
}

/** The same question, from where its page ended. */
export function nextPageCall({ toolNames }: App, { where, ...input }: HistoryInput, cursor: string | null): NextCall[] {
  if (cursor === null) return [];
  const filter = where === undefined ? {} : { where: listedWhere(where) };
  return callsTo('Next page', toolNames.read_history, { ...input, ...filter, cursor });
}

/** The call that asks the same but for what changes, for words of a refusal. */
export function changedCall(
  { toolNames }: Pick<App, 'toolNames'>,
  { where, cursor: _cursor, estimate: _estimate, ...input }: HistoryInput,
  changes: Changes,
): string {
  const filter = where === undefined ? {} : { where: listedWhere(where) };
  const args = { ...input, ...filter, ...changes };
  return `${toolNames.read_history ?? ''} ${jsonText(JSON.parse(JSON.stringify(args)) as Json)}`;
}

/** The times of an answer as text, ISO 8601. */
export function readable({ from, to, scanned }: Pick<HistoryPage, 'from' | 'to' | 'scanned'>) {
  return { from: textOf(from), to: textOf(to), scanned: { ...scanned, through: textOf(scanned.through) } };
}

function textOf(time: number | null): string | null {
  return time === null ? null : isoTime(time);
}

export function partText({ ofPart, unranked }: WindowsPage): string[] {
  const part = ofPart.length === 0 ? [] : [`Of this page's events alone, not to be combined: ${ofPart.join(', ')}.`];
  return unranked ? [...part, 'In parts: all rows with events are given, without top and empty.'] : part;
}

/** Of a part that neither has totals nor hands over what its parts come to. */
export const NO_TOTALS =
  'No totals: the rows of all parts are too many. Add up the rows of every part yourself, or ask for fewer rows (longer windows, a shorter range, less in by), or export_history.';

/** @param added aggregates that are too great in the parts together */
export function overflowedText({ overflowed }: WindowsPage, added: readonly string[]): string[] {
  const names = [...new Set([...overflowed, ...added])];
  if (names.length === 0) return [];
  return [`Left out of rows, and of top, as beyond the greatest number (1.8e308): ${names.map(plainText).join(', ')}.`];
}

export function totalsText({ complete }: WindowsPage): string {
  return complete ? 'All parts added up, which is the whole answer:' : 'The parts up to this one, added up:';
}
