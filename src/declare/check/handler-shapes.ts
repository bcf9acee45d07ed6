/** The shapes of tools, tasks, resources and prompts, as strict schemas whose messages say what was expected. */
import * as z from 'zod';
import {
  annotations,
  choice,
  count,
  forModel,
  icons,
  isCount,
  label,
  made,
  pattern,
  plain,
  text,
  yesOrNo,
  zodSchema,
} from './shape-parts.ts';

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
