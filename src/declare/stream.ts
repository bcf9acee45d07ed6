/** The declaration of a stream, and the form that `defineApp` makes of it. */
import type * as z from 'zod';
import type { Json, JsonObject } from '../base/json.ts';
import type { ReadTime, TimeUnit } from '../base/time/source-time.ts';
import type { Feed, FeedRoute, StreamTenants } from './feed.ts';
import type { Secret } from './secret.ts';

/** Names of the fields of `Data` that always hold a `Value`. An optional field is not among them. */
export type FieldOf<Data, Value> = {
  [Name in Extract<keyof Data, string>]: Data[Name] extends Value ? Name : never;
}[Extract<keyof Data, string>];

/**
 * A field of the data by name, or a function of the data. Every event must have the field, which is also checked at
 * start. An event for which a function returns null or undefined is refused, and the error names what the event lacks.
 */
export type Pick<Data, Value> = FieldOf<Data, Value> | ((data: Data) => Value | null | undefined);

/** A time that the source counts since 1970. */
export interface CountedTime<Data> {
  /** The field or function that gives the count, as a number or as a text of digits. */
  field: Pick<Data, number | string>;
  /** Seconds, milliseconds, microseconds or nanoseconds. */
  unit: TimeUnit;
}

export interface Retention {
  /**
   * How many of the newest events are kept.
   * @default 100,000
   */
  events?: number;
  /** Events that were appended longer ago than this are dropped. Default: no limit by age. */
  ageMs?: number;
}

export interface StreamOptions<Schema extends z.ZodType> {
  /** For a model that has never seen the app: what these data are, where they come from, and how often. */
  description: string;
  /**
   * The stream's name for people.
   * @default the name
   */
  title?: string;
  /**
   * Shape of an event's `data`. Describe the fields (`.describe('…')`) and give units (`.meta({ unit: '°C' })`): the
   * texts of the tools are made from it.
   */
  schema: Schema;
  /**
   * What an event is about, at most 256 bytes. There is a latest event for each key, kept for `retention.ageMs` or 30 days
   * after it arrived. A stream without keys has one latest event, which stays where no age is declared.
   */
  key?: Pick<z.output<Schema>, string | number>;
  /**
   * When the event happened: a text in ISO 8601 or RFC 2822, a Date, epoch ms of 2001 to 2103, or any count since 1970 of
   * a declared unit: `{ field: 'ts', unit: 's' }`. An event whose time cannot be read for certain is refused. Default:
   * when it was received.
   */
  time?: Pick<z.output<Schema>, number | string | Date> | CountedTime<z.output<Schema>>;
  /** IANA name of the time zone of times that the source writes without one. Default: UTC, which models are told. */
  zone?: string;
  /**
   * How far ahead of the clock an event may lie, in ms. One that lies further ahead is refused. Forecasts declare more.
   * @default 300,000 ms
   */
  aheadMs?: number;
  /** The source's id of the event. It makes delivery exactly once within the newest `dedupe` events. */
  id?: Pick<z.output<Schema>, string | number>;
  /**
   * The source's revision of an id. Another revision of an id is another event. Where it is null or missing, the
   * event has no revision. The newest of an id is its latest event, in whatever order they come: numbers are compared as
   * numbers, times in ISO 8601 or RFC 2822 as times, versions such as `1.9.0` and `v9` by their numbers. Of others, such as
   * ETags, the one that came last.
   */
  revision?: Pick<z.output<Schema>, string | number | null | undefined>;
  /** How much of the stream is kept. */
  retention?: Retention;
  /**
   * Whose events these are. `shared`: there is one log, and every tenant's callers read it. `each`: every tenant has a log of its
   * own, and a run of its own of the feed that fills it; its callers read and push to that log alone. A function of the data
   * names the tenant of an event, as its tokens do: whoever pushes for all, such as a webhook, and the one run of a feed reach
   * the log of each, and a caller of a tenant that of its own alone. A name is a text of 1 to 256 characters, without control
   * characters and without spaces at an end, as keys may be for; what is none is refused, or a dead letter.
   * @default shared
   */
  tenants?: StreamTenants | ((data: z.output<Schema>) => string | null | undefined);
  /**
   * How many of the newest events are searched for an id that comes again.
   * @default 1,000 events
   */
  dedupe?: number;
  /**
   * Deprecated: how late events usually arrive, in ms. Agents are told; it decides nothing, since ranges find events whenever
   * they arrived.
   * @default 86,400,000 ms
   */
  latenessMs?: number;
  /** An example of `data`, which models see. Default: none. */
  example?: z.input<Schema>;
  /**
   * The feed that fills the stream: one of its own, or its share of a feed that the app declares under `feeds`
   * (`from`).
   */
  feed?: Feed | FeedRoute;
  /**
   * Lets others push events, by `POST /ingest/<stream>`, with a token or signed in one of the ways that it declares. A body
   * is one event as JSON, or up to 1,000 events as an array or one a line (NDJSON), 256 KiB in all. Either all events of a
   * body are stored or, where one is wrong, none. With an `Idempotency-Key` a push with a token counts once for a day;
   * without one, events that have no id are stored at least once. A signed push always counts once for a day.
   */
  push?: PushOptions;
}

/** Who may push: at least one way. A request with `Authorization: Bearer` is judged by that alone. */
export interface PushOptions {
  /** A secret of at least 16 visible ASCII characters without spaces. Whoever sends it in `Authorization: Bearer` may push. It names no
   * tenant: where `tenants` is `each`, what it pushes is of the tenant `public`, and whoever pushes for another brings a key or a
   * token of that tenant, or `tenants` is a function of the data. */
  token?: Secret;
  /**
   * Signed as [Standard Webhooks](https://www.standardwebhooks.com) says (`webhook-id`, `webhook-timestamp`,
   * `webhook-signature`): secrets of 24 to 64 bytes in base64, usually with `whsec_` before them.
   */
  standardWebhooks?: SigningSecrets;
  /** Signed as GitHub signs (`X-Hub-Signature-256`). Its `ping` is answered and not stored. */
  github?: SigningSecrets;
  /** Signed as Stripe signs (`Stripe-Signature`): the endpoint's secret, which begins with `whsec_`. */
  stripe?: SigningSecrets;
  /** Signed as Slack signs (`X-Slack-Signature`): the app's signing secret. Its `url_verification` is answered and not stored. */
  slack?: SigningSecrets;
}

/**
 * The secret of a sender, or up to four of them, the current one first, for as long as a change of secrets takes. Those behind
 * the first may be optional. Each has at least 16 characters.
 */
export type SigningSecrets = Secret | readonly Secret[];

/**
 * A declared stream. `Data` is what its events hold, and `Input` is what its schema accepts. It is also the handle by
 * which `AppStreams` finds the stream with its types.
 */
export interface Stream<Data = Json, Input = unknown> {
  kind: 'stream';
  options: ErasedStreamOptions;
  /** Never present. `data` and `input` only carry the types. */
  readonly data?: Data;
  readonly input?: Input;
}

/** Stream options with the type of the data forgotten, so that one app may have streams of different data. */
export interface ErasedStreamOptions extends Omit<
  StreamOptions<z.ZodType>,
  'key' | 'time' | 'id' | 'revision' | 'tenants'
> {
  key?: string | ((data: never) => string | number | null | undefined);
  time?: ErasedTime | { field: ErasedTime; unit: TimeUnit };
  id?: string | ((data: never) => string | number | null | undefined);
  revision?: string | ((data: never) => string | number | null | undefined);
  tenants?: StreamTenants | ((data: never) => string | null | undefined);
}

type ErasedTime = string | ((data: never) => number | string | Date | null | undefined);

/** Declares a stream; `defineApp` validates it. */
export function stream<Schema extends z.ZodType>(
  options: StreamOptions<Schema>,
): Stream<z.output<Schema>, z.input<Schema>> {
  return { kind: 'stream', options };
}

/** A stream, as all other code uses it. Its defaults are filled in, and its pickers are functions of validated data. */
export interface DeclaredStream {
  name: string;
  /** The declaration that this was made from, the same object. */
  declaration: Stream<unknown>;
  title: string;
  description: string;
  schema: z.ZodType;
  /** JSON Schema 2020-12 of `data`. It is converted once. */
  jsonSchema: JsonObject;
  keyed: boolean;
  /** Its events have ids by which they are told again: declared, or given by the feed that is handed them. */
  identified: boolean;
  key(data: Json): string | null;
  /** Reads the event time. Null: the stream declares no time. */
  time(data: Json): ReadTime | null;
  /** IANA name of the zone of times that the source writes without one. Null: none is declared, so UTC is assumed. */
  zone: string | null;
  aheadMs: number;
  id(data: Json): string | null;
  revision(data: Json): string | null;
  retention: { events: number; ageMs: number | null };
  tenants: StreamTenants;
  /** The tenant that an event names, as a token does; null: it names none, and is refused. Null for a stream whose events name none. */
  tenantOf: ((data: Json) => string | null) | null;
  dedupe: number;
  latenessMs: number;
  example: Json | undefined;
  /** Name of the feed that fills the stream. Null: no feed does. */
  feed: string | null;
  /** What is missing in the stream on this host, in a sentence for readers. Absent: nothing is known to be. */
  caveat?: string;
  /** Null: the stream takes no pushes. */
  push: PushOptions | null;
}
