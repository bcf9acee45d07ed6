/** The specification of a stream. Whether a picked field is there, and is a text or a number, is judged in `check/`. */
import * as z from 'zod';
import { isSecret, type Secret } from '../secret.ts';
import type { ErasedStreamOptions } from '../stream.ts';
import { bounded, count, forModel, judged, label, whole, zodSchema } from './options.ts';

type Picked = 'key' | 'time' | 'id' | 'revision';

const picker = <Name extends Picked>() =>
  judged<NonNullable<ErasedStreamOptions[Name]>>(
    'the name of a field, or a function of the data',
    (value) => (typeof value === 'string' && value !== '') || typeof value === 'function',
  ).optional();

export const retentionSpec = z.strictObject(
  { events: whole(1).default(100_000), ageMs: count('ms') },
  { error: '{ events, ageMs }, either or both' },
);

const pushSpec = z.strictObject(
  {
    token: judged<Secret>("secret('THE_VARIABLE'), not optional", (value) => isSecret(value) && !value.optional),
  },
  { error: '{ token }' },
);

export const streamSpec = z.strictObject({
  description: forModel,
  title: label,
  schema: zodSchema,
  key: picker<'key'>(),
  time: picker<'time'>(),
  id: picker<'id'>(),
  revision: picker<'revision'>(),
  retention: retentionSpec.optional(),
  dedupe: whole(1, 10_000, { unit: 'events' }).default(1_000),
  latenessMs: bounded(
    judged<number>('a number of ms, 0 or more', (value) => typeof value === 'number' && value >= 0),
    'from 0',
    'ms',
  ).default(86_400_000),
  example: z.unknown().optional(),
  feed: z.custom<ErasedStreamOptions['feed']>().optional(),
  push: pushSpec.optional(),
});
