/**
 * What can be subscribed to: the occurrences of each trigger, and the events of each stream. Both are logs of one form, so whoever
 * polls, listens, subscribes a webhook or opens an `EventSource` gets the same from the same place. Pure.
 */
import * as z from 'zod';
import { canonicalText } from '../../base/digest.ts';
import { isGap, type LoggedEvent } from '../../base/event.ts';
import type { Json, JsonObject } from '../../base/json.ts';
import { KEPT_NAME, lostName } from '../../base/schema/lost-name.ts';
import { asMeant } from '../../base/schema/as-meant.ts';
import { TidegateError, invalidInput } from '../../base/errors.ts';
import { knownName } from '../../base/known-names.ts';
import type { App } from '../../declare/app.ts';
import { whereSchema } from '../../declare/check/condition-schema.ts';
import { specProblems } from '../../declare/spec/problems.ts';
import type { DeclaredStream } from '../../declare/stream.ts';
import type { DeclaredTrigger, OccurrenceData } from '../../declare/trigger.ts';
import { passesWhere } from '../conditions/scope.ts';
import { withProperty } from './within.ts';
import { eventIdOf } from './event-id.ts';
import { checkWhere, meantWhere } from '../ranges/where.ts';
import { isErased, isRemoval } from '../log/removals.ts';

/** What a subscriber gets of one event, whichever way it comes. */
export interface EventOccurrence {
  /**
   * The source's id of the event, with its revision where it has one; of a trigger the id of the occurrence. A value of a header as
   * it is, 256 characters at most (`event-id.ts`).
   */
  eventId: string;
  /** The name of the source. */
  name: string;
  /** When it happened, ISO 8601. */
  timestamp: string;
  data: JsonObject;
}

/** A source with its arguments. */
export interface Selection {
  source: EventSource;
  /** Canonical JSON of the arguments: equal texts select the same. */
  canonical: string;
  /** What subscribers get of an event of the log; null: it is not selected. */
  occurrenceOf(event: LoggedEvent): EventOccurrence | null;
  /** Whether an entry of the log says that events are missing which may have been selected. */
  tellsOfGap(event: LoggedEvent): boolean;
}

export interface EventSource {
  /** The name of a trigger, or `stream.<name>`. Triggers' names have no dot. */
  name: string;
  title: string;
  description: string;
  /** Whose log it is: of the stream itself, or the log of the trigger. */
  stream: DeclaredStream;
  /** Null: a plain stream. */
  trigger: DeclaredTrigger | null;
  /** JSON Schema of the arguments. */
  inputSchema: JsonObject;
  /** JSON Schema of `data` of what subscribers get. */
  payloadSchema: JsonObject;
  /** @throws TidegateError `invalid_input` naming the argument */
  select(given: unknown): Selection;
}

const MOST_KEYS = 100;
const OF_STREAM = 'stream.';

const keys = z
  .array(z.string().min(1).max(256), { error: 'a list of keys' })
  .min(1, { error: `1 to ${MOST_KEYS} keys` })
  .max(MOST_KEYS, { error: `1 to ${MOST_KEYS} keys` })
  .optional()
  .describe('Only what is about these keys');
const streamArguments = z.strictObject(
  { keys, where: whereSchema.optional().describe('Tests of fields of the data, by path') },
  { error: '{ keys, where }, any of them' },
);
const triggerArguments = z.strictObject(
  {
    keys,
    ends: z.boolean({ error: 'true or false' }).optional().describe('Also when the condition ceases. Default: false'),
  },
  { error: '{ keys, ends }, any of them' },
);

/** By the app, because its schemas are made once. */
const made = new WeakMap<object, ReadonlyMap<string, EventSource>>();

/** By name: triggers first, each in the order of their declaration. */
export function eventSources(app: Pick<App, 'streams' | 'triggers'>): ReadonlyMap<string, EventSource> {
  const known = made.get(app);
  if (known) return known;
  const { streams, triggers } = app;
  const sources = [...[...triggers.values()].map(ofTrigger), ...[...streams.values()].map(ofStreamEvents)];
  const named = new Map(sources.map((source) => [source.name, source]));
  made.set(app, named);
  return named;
}

/** @throws TidegateError `not_found`, which names those that there are */
export function findSource(sources: ReadonlyMap<string, EventSource>, name: string): EventSource {
  const found = sources.get(name);
  if (found) return found;
  throw new TidegateError('not_found', `there is no event ${name.slice(0, 80)}`, {
    field: 'name',
    expected: knownName(name, [...sources.keys()], 'events'),
  });
}

function ofStreamEvents(stream: DeclaredStream): EventSource {
  const name = OF_STREAM + stream.name;
  const source: EventSource = {
    name,
    title: stream.title,
    description: stream.description,
    stream,
    trigger: null,
    inputSchema: schemaOf(streamArguments),
    payloadSchema: withProperty(
      {
        type: 'object',
        properties: stream.keyed ? { key: { type: 'string', description: 'What the event is about' } } : {},
        required: ['data'],
      },
      'data',
      stream.jsonSchema,
    ),
    select(given) {
      const { keys: wanted, where: asked } = parsed(streamArguments, given);
      const where = asked === undefined ? undefined : meantWhere(stream, asked);
      if (where !== undefined) checkWhere(stream, where, 'arguments.');
      const passesKeys = keyFilter(stream, wanted);
      return {
        source,
        canonical: canonicalOf({ keys: wanted, where }),
        occurrenceOf(event) {
          if (isGap(event) || !passesKeys(event.key) || !passesWhere(where, event.data)) return null;
          const { key, data } = event;
          return occurrence(source, event, key === undefined ? { data } : { key, data });
        },
        tellsOfGap: (event) => isMissing(event) && (event.key === undefined || passesKeys(event.key)),
      };
    },
  };
  return source;
}

function ofTrigger(trigger: DeclaredTrigger): EventSource {
  const source: EventSource = {
    name: trigger.name,
    title: trigger.title,
    description: trigger.description,
    stream: trigger.log,
    trigger,
    inputSchema: schemaOf(triggerArguments),
    payloadSchema: withProperty(
      {
        type: 'object',
        properties: {
          title: { type: 'string' },
          became: { enum: ['holding', 'ceased'] },
          key: { type: ['string', 'null'] },
          value: { type: ['number', 'null'] },
          severity: { type: 'string' },
          events: { type: 'array', items: { type: 'object' }, description: 'What made it, oldest first' },
        },
        required: ['title', 'became', 'key', 'value', 'payload', 'events'],
      },
      'payload',
      schemaOf(trigger.payload),
    ),
    select(given) {
      const { keys: wanted, ends = false } = parsed(triggerArguments, given);
      const passesKeys = keyFilter(trigger.log, wanted);
      return {
        source,
        canonical: canonicalOf({ keys: wanted, ...(ends ? { ends } : {}) }),
        occurrenceOf(event) {
          const data = event.data as unknown as OccurrenceData;
          if (isGap(event) || !passesKeys(event.key) || (data.became === 'ceased' && !ends)) return null;
          const { title, became, value, severity, payload, events } = data;
          const told = { title, became, key: event.key ?? null, value, ...(severity ? { severity } : {}), payload };
          return occurrence(source, event, { ...told, events: events as unknown as Json });
        },
        tellsOfGap: (event) => isMissing(event) && (event.key === undefined || passesKeys(event.key)),
      };
    },
  };
  return source;
}

function occurrence({ name }: EventSource, event: LoggedEvent, data: JsonObject): EventOccurrence {
  return { eventId: eventIdOf(event), name, timestamp: new Date(event.time).toISOString(), data };
}

/** A gap that is no removal: what was removed is not missing. */
function isMissing(event: LoggedEvent): boolean {
  return isGap(event) && !isErased(event) && !isRemoval(event);
}

function keyFilter({ keyed, name }: DeclaredStream, wanted: readonly string[] | undefined) {
  if (wanted === undefined) return () => true;
  if (!keyed) {
    throw new TidegateError('invalid_input', `the events of ${name} have no keys`, {
      field: 'arguments.keys',
      expected: 'to be left out',
    });
  }
  const set = new Set(wanted);
  return (key: string | undefined) => key !== undefined && set.has(key);
}

function parsed<Schema extends z.ZodType>(schema: Schema, given: unknown): z.output<Schema> {
  const meant = asMeant(schema, given ?? {});
  const result = schema.safeParse(meant);
  const lost = result.success ? (lostName(given, result.data) ?? lostName(meant, result.data)) : null;
  if (lost !== null) {
    const field = ['arguments', ...lost].join('.');
    throw new TidegateError('invalid_input', `${field}: expected ${KEPT_NAME}`, { field, expected: KEPT_NAME });
  }
  if (result.success) return result.data;
  const [problem] = specProblems(schema, meant, 'arguments');
  const { path = 'arguments', expected = 'arguments of the event' } = problem ?? {};
  throw invalidInput(path, expected);
}

function canonicalOf(given: Readonly<Record<string, unknown>>): string {
  return canonicalText(JSON.parse(JSON.stringify(given)) as Json);
}

function schemaOf(schema: z.ZodType): JsonObject {
  const { $schema: _version, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonObject;
  return rest;
}
