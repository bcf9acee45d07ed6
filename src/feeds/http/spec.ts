/** The specification of an HTTP feed's options: their types, defaults and bounds. Rules about several of them: problems.ts. */
import * as z from 'zod';
import { pacingOptions } from '../../declare/spec/feed.ts';
import { isSecret, isSetSecret, type ReadSecret, revealed, type Secret } from '../../declare/secret.ts';
import { allowOption } from '../../declare/spec/hosts.ts';
import { choice, hidden, judged, made, text, whole, withDefaults } from '../../declare/spec/options.ts';
import { TIME_FORMATS, type TimeFormat } from '../../base/time/source-time.ts';
import { headersOption, judgedWithin, type MistakeWithin, pathOrWhole, pathTo } from '../kit/source-options.ts';
import type { HttpBody } from '../kit/template.ts';
import { isCharset } from '../kit/text-decoder.ts';
import { politenessSpec } from '../../net/politeness.ts';
import { type HttpFormat, type HttpOptions, isDeclared } from './options.ts';

/** A range of time is no longer than this, so that its count of nanoseconds stays a time. */
const MOST_MS = 100 * 365 * 86_400_000;

const milliseconds = (least: number) =>
  whole(least, MOST_MS, { expected: `milliseconds, from ${least} on`, unit: 'ms' });
const param = text('the query parameter that carries it, or {cursor} where it belongs').optional();
const size = whole(1, undefined, { expected: 'how many items a full page has' });

const cursorSpec = z.strictObject(
  {
    from: text('a path such as next or meta.cursor'),
    of: choice('body', 'item', 'header').optional(),
    param: text('the query parameter that carries the cursor').optional(),
    initial: judged<string | number>('a text or a number', isCursor).optional(),
  },
  { error: '{ from, of, param, initial }' },
);

const cursorPath = pathTo('next or meta.cursor');
const pagesSpec = z.discriminatedUnion(
  'by',
  [
    z.strictObject({ by: z.literal('link'), from: cursorPath.optional() }),
    z.strictObject({ by: z.literal('cursor'), from: cursorPath, param }),
    z.strictObject({ by: z.literal('offset'), size, param }),
    z.strictObject({
      by: z.literal('number'),
      first: whole(0, undefined, { expected: 'a whole number from 0 on' }).optional(),
      size: size.optional(),
      param,
    }),
    z.strictObject({ by: z.literal('time'), size }),
  ],
  { error: 'one of link, cursor, offset, number, time' },
);

export const sinceSpec = z.strictObject(
  {
    format: judged<TimeFormat>(`one of ${TIME_FORMATS.join(', ')}`, isTimeFormat).default('iso'),
    from: pathTo('at or properties.time').optional(),
    initialMs: milliseconds(0).optional(),
    lookbackMs: milliseconds(0).default(3_600_000),
    overlapMs: milliseconds(0).default(0),
    delayMs: milliseconds(0).default(0),
    rangeMs: milliseconds(1).default(86_400_000),
    alignMs: milliseconds(1).default(1),
  },
  { error: '{ format, from, initialMs, lookbackMs, overlapMs, delayMs, rangeMs, alignMs }, any of them' },
);

const waitSpec = z.strictObject(
  {
    ms: whole(1_000, undefined, { expected: 'milliseconds, from 1,000 on', unit: 'ms' }),
    unit: choice('s', 'ms').default('s'),
    param: text('the query parameter that carries it').optional(),
  },
  { error: '{ ms, unit, param }' },
);

export const httpSpec = z.strictObject({
  url: hidden(judged<HttpOptions['url']>('an absolute https URL, or a secret that is not optional', isUrlOrFunction)),
  headers: headersOption<Extract<HttpOptions['headers'], (...given: never) => unknown>>().optional(),
  body: hidden(judgedWithin<NonNullable<HttpOptions['body']>>(mistakesInBody)).optional(),
  format: judged<HttpFormat>('json, ndjson, csv(), rss() or sse()', isFormat).optional(),
  charset: judged<string>('a charset of the Encoding Standard, such as windows-1252', isCharset).optional(),
  items: pathOrWhole('features or data.items').optional(),
  pick: made<NonNullable<HttpOptions['pick']>>('a function of the body').optional(),
  cursor: cursorSpec.optional(),
  pages: pagesSpec.optional(),
  since: sinceSpec.optional(),
  wait: waitSpec.optional(),
  maxPages: whole(1).default(200),
  politeness: politenessSpec.optional(),
  allow: allowOption,
  maxBytes: whole(1, undefined, { unit: 'B' }).optional(),
  timeoutMs: whole(1, undefined, { unit: 'ms' }).default(10_000),
  ...pacingOptions,
});

/** What is sent, with texts in place of secrets. */
interface Sent {
  url: Exclude<HttpOptions['url'], Secret>;
  headers?: Record<string, string> | Extract<HttpOptions['headers'], (...given: never) => unknown>;
  body?: HttpBody | Extract<HttpOptions['body'], (...given: never) => unknown>;
}

const unsentSpec = httpSpec.omit({ url: true, headers: true, body: true, since: true, wait: true });

/** The options with their defaults, those of `since` and `wait` too, and texts in place of secrets. */
export type HttpSettings = Omit<z.output<typeof httpSpec>, keyof Sent> & Sent;

export function httpSettings(options: HttpOptions, secret: ReadSecret): HttpSettings {
  const { since, wait, url, headers, body, ...others } = options;
  return {
    ...withDefaults(unsentSpec, others),
    ...revealed<Sent>({ url, headers, body }, secret),
    ...(since === undefined ? {} : { since: withDefaults(sinceSpec, since) }),
    ...(wait === undefined ? {} : { wait: withDefaults(waitSpec, wait) }),
  };
}

function isUrlOrFunction(url: unknown): boolean {
  return typeof url === 'function' || isSetSecret(url) || (typeof url === 'string' && URL.canParse(url));
}

function isFormat(format: unknown): boolean {
  return format === 'json' || format === 'ndjson' || isDeclared(format);
}

function isTimeFormat(format: unknown): boolean {
  return (TIME_FORMATS as readonly unknown[]).includes(format);
}

function isCursor(value: unknown): boolean {
  return typeof value === 'string' || Number.isFinite(value);
}

function mistakesInBody(body: unknown): MistakeWithin[] {
  if (typeof body === 'function') return [];
  const fields = typeof body === 'object' && body !== null ? Object.entries(body as Record<string, unknown>) : [];
  const [[kind, value] = [], ...more] = fields;
  if (more.length > 0 || (kind !== 'json' && kind !== 'form'))
    return [{ at: [], expected: '{ json: what is sent } or { form: fields with texts }' }];
  if (kind === 'json') return isJson(value) ? [] : [{ at: ['json'], expected: 'what JSON can hold' }];
  return isForm(value) ? [] : [{ at: ['form'], expected: 'an object whose values are texts' }];
}

function isJson(value: unknown): boolean {
  try {
    return typeof JSON.stringify(value) === 'string';
  } catch {
    return false;
  }
}

function isForm(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every((one) => typeof one === 'string' || isSecret(one))
  );
}
