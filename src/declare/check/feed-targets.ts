/** What a feed knows of the streams that it fills, and whose logs those are. Pure. */
import * as z from 'zod';
import type { FeedTarget, StreamTenants } from '../feed.ts';
import type { Problem } from '../problem.ts';
import type { DeclaredStream } from '../stream.ts';
import { formsOfPath } from './picked-fields.ts';

/** @param route the options of the stream's share; null: the feed is declared in this stream */
export function targetOf(
  { name, identified, zone, jsonSchema, schema }: DeclaredStream,
  route: object | null,
): FeedTarget {
  const takesLists = formsOfPath(jsonSchema, [])?.has('array') ?? false;
  return {
    stream: name,
    route,
    identified,
    zone,
    takesLists,
    required: requiredFields(schema),
    fields: namedFields(schema),
  };
}

/** The fields of an object without which its schema refuses it. None where the schema is not one of an object. */
function requiredFields(schema: z.ZodType): string[] {
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries(schema.shape).flatMap(([name, field]) => (takesNothing(field as z.ZodType) ? [] : [name]));
}

function namedFields(schema: z.ZodType): string[] {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

function takesNothing(field: z.ZodType): boolean {
  try {
    return field.safeParse(undefined).success;
  } catch {
    // A function of the app judges the field, and expects more than nothing.
    return false;
  }
}

/** Whose logs the runs of a feed fill. */
interface FilledTenants {
  /** Whose runs there are: one in the name of the app, or one for each tenant. */
  tenants: StreamTenants;
  /** Whether events of a stream name their tenant: the one run then fills a log for each that is named. */
  namesTenants: boolean;
}

/**
 * A run for each tenant fills streams that each has for itself. The one run of the app fills all others: where streams of both kinds
 * took from one feed, what is shared would be filled by every run.
 */
export function filledTenants(
  targets: readonly FeedTarget[],
  path: string,
  streams: ReadonlyMap<string, DeclaredStream>,
  problems: Problem[],
): FilledTenants {
  const filled = targets.flatMap(({ stream: name }) => streams.get(name) ?? []);
  const [first] = filled;
  const other = first && filled.find((stream) => runsOf(stream) !== runsOf(first));
  if (other) {
    const expected = `streams with the same tenants: ${first.name} is of ${runsOf(first)}, ${other.name} of ${runsOf(other)}`;
    problems.push({ path, expected });
  }
  return {
    tenants: first ? runsOf(first) : 'shared',
    namesTenants: filled.some(({ tenantOf }) => tenantOf !== null),
  };
}

/** Whose runs fill a stream. Where its events name their tenants it is the one of the app. */
function runsOf({ tenants, tenantOf }: DeclaredStream): StreamTenants {
  return tenantOf === null ? tenants : 'shared';
}
