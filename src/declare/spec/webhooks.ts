/** The specification of what an app says of deliveries. */
import * as z from 'zod';
import { allowOption } from './hosts.ts';
import { judged, whole } from './options.ts';

const beginning = judged<string>(
  'the beginning of an https URL, such as https://hooks.example.com/agents/',
  (value) => typeof value === 'string' && URL.canParse(value) && new URL(value).protocol === 'https:',
);

export const webhooksSpec = z.strictObject(
  {
    allow: allowOption,
    trusted: z.array(beginning, { error: 'beginnings of URLs' }).readonly().default([]),
    ttlMs: whole(60_000, 2_592_000_000, { unit: 'ms' }).default(3_600_000),
    mostTtlMs: whole(60_000, 2_592_000_000, { unit: 'ms' }).default(86_400_000),
    endless: z.boolean({ error: 'true or false' }).default(false),
    retryForMs: whole(60_000, 604_800_000, { unit: 'ms' }).default(86_400_000),
  },
  { error: '{ allow, trusted, ttlMs, mostTtlMs, endless, retryForMs }, any of them' },
);
