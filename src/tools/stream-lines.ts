/** What `list_streams` tells of a stream, as data and in words: both say the same. Pure. */
import * as z from 'zod';
import type { App } from '../declare/app.ts';
import { durationText } from '../base/time/time-text.ts';
import { FeedNoteShape } from '../calls/schemas.ts';
import { agoText } from '../calls/short-lines.ts';
import { feedText } from './feed-note.ts';
import { jsonText, plainText } from '../base/plain.ts';

/** An event whose time differs less from its arrival is as new as that. */
const MUCH_MS = 60_000;

const Field = z.object({
  name: z.string().describe('Path in data; the `field` of a history, where it is a number'),
  type: z.string(),
  unit: z.string().optional(),
  description: z.string().optional(),
  optional: z.boolean().optional().describe('True: an event may lack it'),
});

export const Listed = z.object({
  name: z.string(),
  title: z.string(),
  description: z.string(),
  uri: z.string().describe('Its resource'),
  keyed: z.boolean(),
  keys: z.array(z.string()).describe('Some of its keys'),
  moreKeys: z.boolean().describe('True: there are more: the latest events without key list them'),
  fields: z.array(Field).describe('What the data of an event hold'),
  example: z.unknown().optional().describe('Data of an event'),
  events: z.number().describe('How many are kept now'),
  newestAt: z.string().nullable().describe('When the newest arrived, ISO 8601'),
  newestMayBeMark: z.literal(true).optional().describe('newestAt may be that of a gap or a removal: list it alone'),
  newestTime: z
    .string()
    .nullable()
    .describe('The latest time of an event, which need not be that of the newest to arrive'),
  retention: z
    .object({ events: z.number(), ageMs: z.number().nullable() })
    .describe('How many are kept at most, and how long'),
  zone: z.string().describe('Time zone of times that its source writes without one'),
  zoneAssumed: z.boolean().describe('True: such times came, and no zone is declared, so that they may be off by hours'),
  aheadMs: z.number().nullable().describe('How far ahead of the clock an event may lie; null: no bound'),
  latenessMs: z
    .number()
    .nullable()
    .describe(
      'A hint of the app: how late events usually come. No bound: they are taken, and ranges find them, however late',
    ),
  delivery: z
    .enum(['exactly-once', 'at-least-once'])
    .describe(
      'at-least-once: events have no id of their own and no position that is committed with them, or the source repeats too many, so that now and then one stands twice; or some are missing, as `caveat` says',
    ),
  caveat: z
    .string()
    .optional()
    .describe('What is missing in the stream or stands there again and again, where that is known'),
  feed: FeedNoteShape,
});

export type ListedStream = z.input<typeof Listed>;

export function streamLines(listed: ListedStream, now: number, { toolNames }: Pick<App, 'toolNames'>): string[] {
  const { name, title, uri, description, keyed, keys, moreKeys, fields, example, events, retention } = listed;
  const { zone, zoneAssumed, aheadMs, delivery, caveat, feed } = listed;
  const kept = `${retention.events} events${retention.ageMs === null ? '' : `, for ${lengthText(retention.ageMs)}`}`;
  const lister = toolNames.read_latest === null ? '' : ` (${toolNames.read_latest} lists them)`;
  const some =
    keys.length > 0 ? `keys: ${keys.map(plainText).join(', ')}${moreKeys ? ` and more${lister}` : ''}` : 'keyed';
  const assumed = zoneAssumed ? ', an assumption: its times come without one' : '';
  return [
    `${name}: ${description}`,
    `  ${title === name ? '' : `"${title}", `}${uri}`,
    `  ${events} events, ${ageText(listed, now)}; kept are at most ${kept}`,
    `  ${keyed ? some : 'no keys'}`,
    ...fields.map((field) => `  - ${fieldLine(field)}`),
    ...(example === undefined ? [] : [`  example: ${jsonText(example)}`]),
    `  zone ${zone}${assumed}; ahead of the clock ${boundText(aheadMs)}; late ones are taken; ${delivery}`,
    ...(caveat === undefined ? [] : [`  ${caveat}`]),
    ...feedText(feed, now).map((line) => `  ${line}`),
  ];
}

/** When the newest arrived, and the latest time of all where it is another one. */
function ageText({ newestAt, newestTime, newestMayBeMark }: ListedStream, now: number): string {
  if (newestAt === null) return 'none yet';
  const orMark = newestMayBeMark ? ', or a gap or a removal did: list it alone to know' : '';
  const arrived = `newest arrived ${newestAt} (${agoText(now - Date.parse(newestAt))}${orMark})`;
  const isOther = newestTime !== null && Math.abs(Date.parse(newestTime) - Date.parse(newestAt)) > MUCH_MS;
  return isOther ? `${arrived}, latest time ${newestTime} (${agoText(now - Date.parse(newestTime))})` : arrived;
}

function fieldLine({ name, type, unit, description, optional }: ListedStream['fields'][number]): string {
  const missing = optional === true ? ', may be missing' : '';
  return `${name} ${type}${unit === undefined ? '' : ` [${unit}]`}${missing}${description === undefined ? '' : `: ${description}`}`;
}

function boundText(ms: number | null): string {
  return ms === null ? 'without bound' : `by ${lengthText(ms)} at most`;
}

function lengthText(ms: number): string {
  return ms === 0 ? '0s' : durationText(Math.ceil(ms));
}
