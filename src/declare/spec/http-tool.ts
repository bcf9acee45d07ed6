/**
 * The specifications of HTTP tools and of their APIs. What several options decide together, and whether templates name
 * arguments that there are, is judged in `check/http-tools.ts`.
 */
import * as z from 'zod';
import type { Api, HttpDefaults, HttpValue, RateLimit } from '../http-api.ts';
import type { HttpPaging, HttpSpec } from '../http-tool.ts';
import { isSecret, isSetSecret, type Secret } from '../secret.ts';
import { annotations } from './display.ts';
import { allowOption } from './hosts.ts';
import { choice, judged, label, made, text, whole, zodSchema } from './options.ts';
import { scopes } from './scopes.ts';

type Cache = NonNullable<HttpSpec['cache']>;
type Guard = NonNullable<HttpSpec['guard']>;

const positiveMs = whole(1, undefined, { expected: 'a positive whole number of ms', unit: 'ms' });
const anyMs = whole(0, undefined, { expected: 'a whole number, 0 or more of ms', unit: 'ms' });
/** Names in a body, or places in its arrays, with dots between them. */
const path = z.string({ error: 'a path such as data.items' }).regex(/^[^.]+(\.[^.]+)*$/, 'a path such as data.items');
const pathOrFunction = <Type>(of: string) =>
  judged<Type>(
    `a path such as data.items, or a function of ${of}`,
    (value) => typeof value === 'function' || path.safeParse(value).success,
  );

const isConstant = (value: unknown) =>
  typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value));

const SENT = "a text, a number, true or false, secret('THE_VARIABLE')";
const constants = <Value>() =>
  z
    .record(
      z.string(),
      judged<Value>(
        `${SENT}; no arguments`,
        (value) => (isConstant(value) && !/[{}]/.test(String(value))) || isSecret(value),
      ),
      { error: 'values by name' },
    )
    .optional();

/** What is sent, by name. */
export const valuesSpec = z
  .record(
    z.string(),
    judged<HttpValue<Record<string, unknown>>>(
      `${SENT}, or a function of the arguments`,
      (value) => isConstant(value) || isSecret(value) || typeof value === 'function',
    ),
    { error: 'values by name' },
  )
  .optional();

const limit = z.strictObject(
  { requests: whole(1), perMs: positiveMs },
  { error: '{ requests, perMs }, or a list of them' },
);

/** A list is judged as a list, so that a mistake is reported at its item. */
export function limitSpec(value: unknown): z.ZodType {
  return Array.isArray(value) ? z.array(limit).min(1, { error: 'at least one { requests, perMs }' }) : limit;
}

/** `limitSpec` judges it. */
const rateLimit = z.custom<RateLimit | readonly RateLimit[]>().optional();

/** The options that an API gives to its tools, each of which may have its own. */
export const httpDefaultsSpec = z.strictObject({
  errors: pathOrFunction<NonNullable<HttpDefaults['errors']>>('the answer').optional(),
  timeoutMs: positiveMs.default(10_000),
  maxBytes: whole(1, undefined, { unit: 'B' }).default(2 * 1024 * 1024),
  allow: allowOption,
  arrays: choice('join', 'repeat').default('join'),
  retries: whole(0, 5).default(2),
  waitMs: anyMs.default(2_000),
});

export const apiSpec = z.strictObject(
  {
    kind: z.literal('api', { error: 'api({ name, url, … })' }),
    name: z
      .string({ error: '1 to 64 letters, digits, _ and -' })
      .regex(/^[\w-]{1,64}$/, '1 to 64 letters, digits, _ and -'),
    url: judged<string | Secret>(
      'an absolute https URL, or a secret that is not optional',
      (value) => isSetSecret(value) || (typeof value === 'string' && value !== ''),
    ),
    headers: constants<string | Secret>(),
    query: constants<string | number | boolean | Secret>(),
    rateLimit,
    ...httpDefaultsSpec.shape,
  },
  { error: 'api({ name, url, … })' },
);

export const cacheSpec = z.strictObject(
  {
    ttlMs: positiveMs,
    staleMs: anyMs.default(0),
    entries: whole(1, 10_000).default(1_000),
    key: made<NonNullable<Cache['key']>>('a function of the arguments').optional(),
  },
  { error: '{ ttlMs, staleMs, entries, key }' },
);

const pagingShared = {
  query: text('the query parameter that leads to the next page'),
  argument: text('the name of an argument').optional(),
  pages: whole(1, 20).optional(),
};
const counted = {
  first: whole(0).optional(),
  full: judged<number | string>(
    'how many items a full page has, or the argument that says so',
    (value) => (Number.isInteger(value) && Number(value) > 0) || (typeof value === 'string' && value !== ''),
  ).optional(),
};
export const pagingSpec = z.discriminatedUnion(
  'by',
  [
    z.strictObject({ by: z.literal('cursor'), next: path, ...pagingShared }),
    z.strictObject({ by: z.literal('link'), next: path.optional(), ...pagingShared }),
    z.strictObject({ by: z.literal('page'), ...counted, ...pagingShared }),
    z.strictObject({ by: z.literal('offset'), ...counted, ...pagingShared }),
  ],
  { error: "{ by, query, … }, where by is 'cursor', 'link', 'page' or 'offset'" },
);

/** Its type is an intersection, which zod cannot infer; a test holds the two equal. */
const paging: z.ZodOptional<z.ZodType<HttpPaging, HttpPaging>> = pagingSpec.optional();

export const guardSpec = z.strictObject(
  {
    url: text('a URL, as that of the tool'),
    query: valuesSpec,
    refuse: made<Guard['refuse']>('a function of the answer, which says why not, or null'),
    otherwise: choice('refuse', 'pass').default('refuse'),
  },
  { error: '{ url, query, refuse, otherwise }' },
);

/** What `httpTool` was given. */
export const httpToolSpec = z.strictObject({
  title: label,
  description: text('a text for the model'),
  scopes,
  input: judged<z.ZodObject>('z.object({ … })', (value) => value instanceof z.ZodObject).optional(),
  output: zodSchema.optional(),
  item: zodSchema.optional(),
  annotations,
  // `apiSpec` judges it, once for all of its tools.
  api: z.custom<Api>().optional(),
  url: judged<HttpSpec['url']>(
    'a URL with arguments as {name}, or a function that chooses one',
    (value) => (typeof value === 'string' && value !== '') || typeof value === 'function',
  ),
  method: choice('GET', 'POST').default('GET'),
  // `valuesSpec` judges it, unless a function makes it.
  query: z.custom<NonNullable<HttpSpec['query']>>().optional(),
  headers: valuesSpec,
  body: choice('json', 'form').default('json'),
  content: made<NonNullable<HttpSpec['content']>>('a function of the arguments').optional(),
  unsent: z.array(text('the name of an argument'), { error: 'names of arguments' }).readonly().optional(),
  rateLimit,
  cost: made<NonNullable<HttpSpec['cost']>>('a function of the arguments').optional(),
  cache: cacheSpec.optional(),
  format: choice('json', 'text').default('json'),
  pick: pathOrFunction<NonNullable<HttpSpec['pick']>>('the body').optional(),
  text: made<NonNullable<HttpSpec['text']>>('a function of the structured answer').optional(),
  paging,
  guard: guardSpec.optional(),
  ...httpDefaultsSpec.shape,
});
