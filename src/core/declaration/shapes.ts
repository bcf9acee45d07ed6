/** The shape of each part of the declaration, as strict schemas whose messages say what was expected. */
import * as z from 'zod';
import { isSecret } from './secret.ts';

const MOST_DEDUPE = 10_000;

const text = (expected: string) => z.string({ error: expected }).min(1, { error: expected });
const label = text('a text').optional();
const forModel = text('a text for the model');
const pattern = (expression: RegExp, expected: string) =>
  z.string({ error: expected }).regex(expression, { error: expected });
const made = (expected: string) => z.custom((value) => typeof value === 'function', { error: expected });
const zodSchema = z.custom((value) => value instanceof z.ZodType, { error: 'a zod schema, such as z.object({ … })' });
const plain = (expected: string) => z.record(z.string(), z.unknown(), { error: expected }).optional();
const yesOrNo = z.boolean({ error: 'true or false' }).optional();
const count = (unit = '') =>
  z.custom((value) => isCount(value), { error: `a positive whole number${unit}` }).optional();
const within = (least: number, most: number) =>
  z
    .custom((value) => isCount(value) && value >= least && value <= most, {
      error: `a whole number from ${least} to ${most}`,
    })
    .optional();
const choice = (first: string, ...more: string[]) =>
  z.enum([first, ...more], { error: `${[first, ...more].slice(0, -1).join(', ')} or ${more.at(-1) ?? first}` });

const icons = z
  .array(
    z.strictObject(
      {
        src: z.custom((value) => isIconSource(value), {
          error: 'an https URL or data:image/…;base64,…, of at most 32768 characters',
        }),
        mimeType: label,
        sizes: z
          .array(pattern(/^(?:[1-9]\d{0,4}x[1-9]\d{0,4}|any)$/, 'WIDTHxHEIGHT or any'), { error: 'a list of sizes' })
          .optional(),
        theme: choice('light', 'dark').optional(),
      },
      { error: '{ src, mimeType, sizes, theme }' },
    ),
    { error: 'a list of { src, mimeType, sizes, theme }' },
  )
  .max(8, { error: 'at most 8 icons' })
  .optional();

const size = z
  .custom((value) => value === 0 || isCount(value), { error: 'a whole number of bytes, 0 or more' })
  .optional();

const resourceAnnotations = z
  .strictObject(
    {
      audience: z.array(choice('user', 'assistant'), { error: 'a list of user and assistant' }).optional(),
      priority: z
        .number({ error: 'a number from 0 to 1' })
        .min(0, { error: 'a number from 0 to 1' })
        .max(1, { error: 'a number from 0 to 1' })
        .optional(),
      lastModified: z.iso.datetime({ offset: true, error: 'an ISO 8601 time such as 2026-11-21T12:00:00Z' }).optional(),
    },
    { error: '{ audience, priority, lastModified }, any of them' },
  )
  .optional();

export const appShape = z.strictObject(
  {
    name: pattern(/^[a-z0-9][a-z0-9-]{0,63}$/, '1 to 64 of a-z, 0-9 and -, not - first'),
    version: text('a version such as 1.0.0'),
    title: label,
    description: text('1 to 100 characters').max(100, { error: '1 to 100 characters' }),
    instructions: label,
    websiteUrl: z
      .custom((value) => typeof value === 'string' && URL.canParse(value), { error: 'an absolute URL' })
      .optional(),
    icons,
    cardName: pattern(/^[a-zA-Z0-9.-]+\/[a-zA-Z0-9._-]+$/, 'reverse.dns/name').optional(),
    feeds: plain('feeds by name'),
    streams: plain('streams by name'),
    tools: plain('tools by name'),
    tasks: plain('tasks by name'),
    resources: plain('resources by name'),
    prompts: plain('prompts by name'),
    results: z
      .strictObject(
        { bytes: within(65_536, 4_000_000), keptMs: within(60_000, 86_400_000) },
        { error: '{ bytes, keptMs }, either or both' },
      )
      .optional(),
  },
  { error: 'defineApp({ … })' },
);

const picker = z
  .custom((value) => (typeof value === 'string' && value !== '') || typeof value === 'function', {
    error: 'the name of a field, or a function of the data',
  })
  .optional();

/** What `stream` was given. */
export const streamShape = z.strictObject({
  description: forModel,
  title: label,
  schema: zodSchema,
  key: picker,
  time: picker,
  id: picker,
  revision: picker,
  retention: z
    .strictObject({ events: count(), ageMs: count(' of ms') }, { error: '{ events, ageMs }, either or both' })
    .optional(),
  dedupe: z
    .custom((value) => isCount(value) && value <= MOST_DEDUPE, { error: `a whole number from 1 to ${MOST_DEDUPE}` })
    .optional(),
  latenessMs: z
    .custom((value) => typeof value === 'number' && value >= 0, { error: 'a number of ms, 0 or more' })
    .optional(),
  example: z.unknown().optional(),
  feed: z.unknown().optional(),
  push: z
    .strictObject(
      {
        token: z.custom((value) => isSecret(value) && !value.optional, {
          error: "secret('THE_VARIABLE'), not optional",
        }),
      },
      { error: '{ token }' },
    )
    .optional(),
});

/** A feed that `http`, `mqtt`, `pull` or the app itself made; what else it carries is its own. */
export const feedShape = z.looseObject({
  type: text('the kind of feed, such as http'),
  source: text('a text that says where the data are from'),
  replayable: z.boolean({ error: 'true or false' }),
  problems: made('a function that answers the mistakes'),
  burst: made('an async generator function'),
});

export const pacingShape = z.strictObject(
  {
    everyMs: count(),
    budget: z
      .strictObject(
        { timeMs: count(), events: count(), bytes: count() },
        { error: '{ timeMs, events, bytes }, any of them' },
      )
      .optional(),
    overflow: choice('dead-letter', 'drop-oldest', 'drop-newest').optional(),
    sample: z
      .strictObject(
        {
          every: count(),
          windowMs: count(' of ms'),
          reduce: choice('first', 'last', 'min', 'max', 'mean').optional(),
          field: text('the name of a field of the data').optional(),
        },
        { error: '{ every }, or { windowMs, reduce }' },
      )
      .optional(),
  },
  { error: '{ everyMs, budget, overflow, sample }, any of them' },
);

/** What `from` answers. Values that only the feed can judge are left to it. */
export const routeShape = z.strictObject({
  kind: z.literal('route'),
  feed: text('the name of a feed'),
  topic: z.string({ error: 'a topic filter' }).optional(),
  keyLevel: z.number({ error: 'a topic level, counted from 0' }).optional(),
  payload: z.string({ error: 'json, text or number' }).optional(),
});

const annotations = z
  .strictObject(
    {
      title: label,
      readOnlyHint: yesOrNo,
      destructiveHint: yesOrNo,
      idempotentHint: yesOrNo,
      openWorldHint: yesOrNo,
    },
    { error: 'hints such as { readOnlyHint: true }' },
  )
  .optional();

export const toolShape = z.strictObject({
  kind: z.literal('tool'),
  title: label,
  icons,
  description: forModel,
  input: zodSchema.optional(),
  output: zodSchema.optional(),
  annotations,
  inputJsonSchema: plain('a JSON Schema of an object'),
  clientCapabilities: plain('MCP client capabilities, such as { sampling: {} }'),
  run: made('a function of the input and the context'),
});

const places = z
  .custom((value) => isCount(value) && value <= 100, { error: 'a whole number from 1 to 100' })
  .optional();

const policyShape = z.strictObject(
  {
    attempts: count(),
    backoff: z.strictObject({ firstMs: count(), mostMs: count() }, { error: '{ firstMs, mostMs }' }).optional(),
    stepMs: count(),
    totalMs: count(),
    ttlMs: count(),
    concurrency: z.strictObject({ all: places, perPrincipal: places }, { error: '{ all, perPrincipal }' }).optional(),
  },
  { error: '{ attempts, backoff, stepMs, totalMs, ttlMs, concurrency }, any of them' },
);

export const taskShape = z.strictObject({
  kind: z.literal('task'),
  title: label,
  icons,
  description: forModel,
  version: text('a version such as 1'),
  input: zodSchema.optional(),
  output: zodSchema.optional(),
  annotations,
  policy: policyShape.optional(),
  otherwise: choice('handle', 'wait', 'refuse'),
  waitMs: z
    .custom((value) => isCount(value) && value <= 55_000, { error: 'a whole number of ms from 1 to 55000' })
    .optional(),
  pages: yesOrNo,
  idempotencyKey: made('a function of the input').nullable(),
  prepare: made('a function of the input and the context').nullable(),
  previous: z.array(z.unknown(), { error: 'declarations of older versions' }).optional(),
  run: made('a function of the input and the context'),
});

export const resourceShape = z.strictObject({
  kind: z.literal('resource'),
  uri: pattern(/^[a-z][a-z0-9+.-]*:/i, 'a URI with a scheme'),
  title: label,
  icons,
  description: label,
  mimeType: label,
  annotations: resourceAnnotations,
  size,
  cache: z
    .strictObject(
      {
        ttlMs: z.custom((value) => value === 0 || isCount(value), { error: 'a whole number of ms, 0 or more' }),
        cacheScope: choice('public', 'private'),
      },
      { error: '{ ttlMs, cacheScope }' },
    )
    .optional(),
  read: made('a function of the variables and the context'),
  list: made('a function of the context').optional(),
  complete: z
    .record(z.string(), made('a function of what has been typed'), { error: 'functions by the name of a variable' })
    .optional(),
});

export const promptShape = z.strictObject({
  kind: z.literal('prompt'),
  title: label,
  icons,
  description: forModel,
  arguments: z
    .array(
      z.strictObject(
        {
          name: text('the name of the argument'),
          title: label,
          description: label,
          required: yesOrNo,
          complete: made('a function of what has been typed').optional(),
        },
        { error: '{ name, title, description, required, complete }' },
      ),
      { error: 'a list of { name, title, description, required, complete }' },
    )
    .optional(),
  run: made('a function of the arguments and the context'),
});

function isIconSource(value: unknown): boolean {
  if (typeof value !== 'string' || value.length > 32_768) return false;
  if (/^data:image\/[\w.+-]+;base64,[A-Za-z0-9+/]+={0,2}$/.test(value)) return true;
  const url = URL.parse(value);
  return url?.protocol === 'https:' && url.username === '' && url.password === '';
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0;
}
