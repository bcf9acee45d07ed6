/** The shapes of HTTP tools and of their APIs, as strict schemas whose messages say what was expected. */
import * as z from 'zod';
import { isSecret } from '../secret.ts';
import { annotations } from './display.ts';
import { choice, count, label, made, text, zodSchema } from './options.ts';

const whole = (least: number, most: number, unit = '') =>
  z.custom((value) => Number.isInteger(value) && Number(value) >= least && Number(value) <= most, {
    error:
      most === Number.MAX_SAFE_INTEGER
        ? `a ${least === 0 ? 'whole number, 0 or more' : 'positive whole number'}${unit}`
        : `a whole number${unit} from ${least} to ${most}`,
  });
/** Names in a body, or places in its arrays, with dots between them. */
const path = z.string({ error: 'a path such as data.items' }).regex(/^[^.]+(\.[^.]+)*$/, 'a path such as data.items');
const pathOrFunction = (of: string) =>
  z.custom((value) => typeof value === 'function' || path.safeParse(value).success, {
    error: `a path such as data.items, or a function of ${of}`,
  });

const isConstant = (value: unknown) =>
  typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value));

const SENT = "a text, a number, true or false, secret('THE_VARIABLE')";
const constants = z
  .record(
    z.string(),
    z.custom((value) => (isConstant(value) && !/[{}]/.test(String(value))) || isSecret(value), {
      error: `${SENT}; no arguments`,
    }),
    {
      error: 'values by name',
    },
  )
  .optional();
/** What is sent, by name. */
export const valuesSpec = z
  .record(
    z.string(),
    z.custom((value) => isConstant(value) || isSecret(value) || typeof value === 'function', {
      error: `${SENT}, or a function of the arguments`,
    }),
    { error: 'values by name' },
  )
  .optional();

const limit = z.strictObject(
  { requests: whole(1, Number.MAX_SAFE_INTEGER), perMs: whole(1, Number.MAX_SAFE_INTEGER, ' of ms') },
  { error: '{ requests, perMs }, or a list of them' },
);

/** A list is judged as one, so that a mistake is told where it is. */
export function limitSpec(value: unknown): z.ZodType {
  return Array.isArray(value) ? z.array(limit).min(1, { error: 'at least one { requests, perMs }' }) : limit;
}

const defaults = {
  errors: pathOrFunction('the answer').optional(),
  timeoutMs: count('ms'),
  maxBytes: count(),
  allow: z.array(text('a host name or host:port'), { error: 'host names' }).optional(),
  arrays: choice('join', 'repeat').optional(),
  retries: whole(0, 5).optional(),
  waitMs: whole(0, Number.MAX_SAFE_INTEGER, ' of ms').optional(),
  // Judged by `limitSpec`.
  rateLimit: z.unknown().optional(),
};

export const apiSpec = z.strictObject(
  {
    kind: z.literal('api', { error: 'api({ name, url, … })' }),
    name: z
      .string({ error: '1 to 64 letters, digits, _ and -' })
      .regex(/^[\w-]{1,64}$/, '1 to 64 letters, digits, _ and -'),
    url: text('an absolute https URL'),
    headers: constants,
    query: constants,
    ...defaults,
  },
  { error: 'api({ name, url, … })' },
);

export const cacheSpec = z.strictObject(
  {
    ttlMs: whole(1, Number.MAX_SAFE_INTEGER, ' of ms'),
    staleMs: whole(0, Number.MAX_SAFE_INTEGER, ' of ms').optional(),
    entries: whole(1, 10_000).optional(),
    key: made('a function of the arguments').optional(),
  },
  { error: '{ ttlMs, staleMs, entries, key }' },
);

const pagingShared = {
  query: text('the query parameter that leads to the next page'),
  argument: text('the name of an argument').optional(),
  pages: whole(1, 20).optional(),
};
const counted = {
  first: whole(0, Number.MAX_SAFE_INTEGER).optional(),
  full: z
    .custom((value) => (Number.isInteger(value) && Number(value) > 0) || (typeof value === 'string' && value !== ''), {
      error: 'how many items a full page has, or the argument that says so',
    })
    .optional(),
};
const pagingShape = z.discriminatedUnion(
  'by',
  [
    z.strictObject({ by: z.literal('cursor'), next: path, ...pagingShared }),
    z.strictObject({ by: z.literal('link'), next: path.optional(), ...pagingShared }),
    z.strictObject({ by: z.literal('page'), ...counted, ...pagingShared }),
    z.strictObject({ by: z.literal('offset'), ...counted, ...pagingShared }),
  ],
  { error: "{ by, query, … }, where by is 'cursor', 'link', 'page' or 'offset'" },
);

export const guardSpec = z.strictObject(
  {
    url: text('a URL, as that of the tool'),
    query: valuesSpec,
    refuse: made('a function of the answer, which says why not, or null'),
    otherwise: choice('refuse', 'pass').optional(),
  },
  { error: '{ url, query, refuse, otherwise }' },
);

/** What `httpTool` was given. */
export const httpToolSpec = z.strictObject({
  title: label,
  description: text('a text for the model'),
  input: z.custom((value) => value instanceof z.ZodObject, { error: 'z.object({ … })' }).optional(),
  output: zodSchema.optional(),
  item: zodSchema.optional(),
  annotations,
  // Judged by `apiSpec`, once for all of its tools.
  api: z.unknown().optional(),
  url: z.custom((value) => (typeof value === 'string' && value !== '') || typeof value === 'function', {
    error: 'a URL with arguments as {name}, or a function that chooses one',
  }),
  method: choice('GET', 'POST').optional(),
  // Judged by `valuesSpec`, unless a function makes it.
  query: z.unknown().optional(),
  headers: valuesSpec,
  body: choice('json', 'form').optional(),
  content: made('a function of the arguments').optional(),
  unsent: z.array(text('the name of an argument'), { error: 'names of arguments' }).optional(),
  cost: made('a function of the arguments').optional(),
  cache: cacheSpec.optional(),
  format: choice('json', 'text').optional(),
  pick: pathOrFunction('the body').optional(),
  text: made('a function of the structured answer').optional(),
  paging: pagingShape.optional(),
  guard: guardSpec.optional(),
  ...defaults,
});
