/** The specification of a stream. Whether a picked field is there, and is a text or a number, is judged in `check/`. */
import * as z from 'zod';
import { isSecret, isSetSecret, type Secret } from '../secret.ts';
import type { ErasedStreamOptions, SigningSecrets } from '../stream.ts';
import { isZone, zoneExpected } from '../../base/time/zone.ts';
import { TIME_UNITS } from '../../base/time/source-time.ts';
import { bounded, count, forModel, hidden, judged, label, whole, zodSchema } from './options.ts';

type Picked = 'key' | 'id' | 'revision';

const picker = <Name extends Picked>() =>
  judged<NonNullable<ErasedStreamOptions[Name]>>('the name of a field, or a function of the data', isPicker).optional();

const time = judged<NonNullable<ErasedStreamOptions['time']>>(
  `the name of a field, a function of the data, or { field, unit } with either and one of ${TIME_UNITS.join(', ')}`,
  (value) => isPicker(value) || isCounted(value),
).optional();

/** How far an event's time may lie from the clock. */
const span = (usual: number) =>
  bounded(
    judged<number>('a number of ms, 0 or more', (value) => typeof value === 'number' && value >= 0),
    'from 0',
    'ms',
  ).default(usual);

function isPicker(value: unknown): boolean {
  return (typeof value === 'string' && value !== '') || typeof value === 'function';
}

function isCounted(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Object.keys(value).length !== 2) return false;
  const { field, unit } = value as Record<string, unknown>;
  return isPicker(field) && TIME_UNITS.some((each) => each === unit);
}

export const retentionSpec = z.strictObject(
  { events: whole(1).default(100_000), ageMs: count('ms') },
  { error: '{ events, ageMs }, either or both' },
);

const MOST_SECRETS = 4;

function areSigningSecrets(value: unknown): boolean {
  if (!Array.isArray(value)) return isSetSecret(value);
  return isSetSecret(value[0]) && value.length <= MOST_SECRETS && value.every(isSecret);
}

/** What stands here may be the secret itself, so it is never shown. */
const signing = () =>
  hidden(
    judged<SigningSecrets>(
      `secret('THE_VARIABLE'), not optional, or a list of up to ${MOST_SECRETS} with the current one first`,
      areSigningSecrets,
    ),
  ).optional();

export const pushSpec = z
  .strictObject(
    {
      token: hidden(judged<Secret>("secret('THE_VARIABLE'), not optional", isSetSecret)).optional(),
      standardWebhooks: signing(),
      github: signing(),
      stripe: signing(),
      slack: signing(),
    },
    { error: "{ token: secret('THE_VARIABLE') }" },
  )
  .refine((push) => Object.values(push).some((way) => way !== undefined), {
    error: 'token, standardWebhooks, github, stripe or slack, one at least',
  });

export const streamSpec = z.strictObject({
  description: forModel,
  title: label,
  schema: zodSchema,
  key: picker<'key'>(),
  time,
  zone: z.custom<string>(isZone, { error: ({ input }) => zoneExpected(input) }).optional(),
  aheadMs: span(300_000),
  id: picker<'id'>(),
  revision: picker<'revision'>(),
  retention: retentionSpec.optional(),
  tenants: judged<NonNullable<ErasedStreamOptions['tenants']>>(
    'shared, each, or a function of the data',
    (value) => value === 'shared' || value === 'each' || typeof value === 'function',
  ).default('shared'),
  dedupe: whole(1, 10_000, { unit: 'events' }).default(1_000),
  latenessMs: span(86_400_000),
  example: z.unknown().optional(),
  feed: z.custom<ErasedStreamOptions['feed']>().optional(),
  push: pushSpec.optional(),
});
