/** The specification of a resource. */
import * as z from 'zod';
import type { Completer, Resource } from '../resource.ts';
import { icons } from './display.ts';
import { choice, judged, label, made, pattern, whole, yesOrNo } from './options.ts';
import { scopes } from './scopes.ts';

const aNumber = { error: 'a number from 0 to 1' };

const resourceAnnotations = z.strictObject(
  {
    audience: z.array(choice('user', 'assistant'), { error: 'a list of user and assistant' }).optional(),
    priority: z.number(aNumber).min(0, aNumber).max(1, aNumber).optional(),
    lastModified: z.iso.datetime({ offset: true, error: 'an ISO 8601 time such as 2026-11-21T12:00:00Z' }).optional(),
  },
  { error: '{ audience, priority, lastModified }, any of them' },
);

const cache = z.strictObject(
  {
    ttlMs: whole(0, undefined, { expected: 'a whole number of ms, 0 or more', unit: 'ms' }),
    cacheScope: choice('public', 'private'),
  },
  { error: '{ ttlMs, cacheScope }' },
);

export const resourceSpec = z.strictObject({
  kind: z.literal('resource'),
  uri: pattern(/^[a-z][a-z0-9+.-]*:/i, 'a URI with a scheme'),
  dotSegments: yesOrNo,
  title: label,
  icons,
  description: label,
  scopes,
  mimeType: label,
  annotations: resourceAnnotations.optional(),
  size: whole(0, undefined, { expected: 'a whole number of bytes, 0 or more', unit: 'B' }).optional(),
  cache: cache.optional(),
  changes: judged<NonNullable<Resource['changes']>>(
    'a list of { stream, key }, or a function of the variables',
    (value) => typeof value === 'function' || (Array.isArray(value) && value.every(isSource)),
  ).optional(),
  read: made<Resource['read']>('a function of the variables and the context'),
  list: made<NonNullable<Resource['list']>>('a function of the context').optional(),
  complete: z
    .record(z.string(), made<Completer>('a function of what has been typed').optional(), {
      error: 'functions by the name of a variable',
    })
    .optional(),
});

function isSource(value: unknown): boolean {
  const { stream, key } = (value ?? {}) as { stream?: unknown; key?: unknown };
  const isStream = typeof stream === 'string' || (stream as { kind?: unknown } | null | undefined)?.kind === 'stream';
  return isStream && (key === undefined || typeof key === 'string');
}
