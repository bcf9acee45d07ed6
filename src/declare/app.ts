/**
 * What a whole app declares (`AppOptions`), and what `defineApp` makes of it (`App`), which all other code reads. This
 * file holds types alone.
 */
import type { EventDialect } from '../base/json-rpc.ts';
import type { Icon } from './display.ts';
import type { BuiltIns, ToolNames } from './built-ins.ts';
import type { DeclaredFeed, Feed } from './feed.ts';
import type { Tool } from './tool.ts';
import type { Prompt } from './prompt.ts';
import type { Resource } from './resource.ts';
import type { DeclaredStream, Stream } from './stream.ts';
import type { Task } from './task.ts';
import type { DeclaredTrigger, Trigger } from './trigger.ts';

export interface AppOptions {
  /** Machine name of the server. */
  name: string;
  /** Version of the app, which clients see. */
  version: string;
  /**
   * The server's name for people.
   * @default the name
   */
  title?: string;
  /** One line about the server, for the server card. */
  description: string;
  /** How a model uses this server. Default: a text that is made from the streams. */
  instructions?: string;
  /** A page about the server, for people. */
  websiteUrl?: string;
  /** Icons of the server. */
  icons?: Icon[];
  /** `reverse.dns/name` in the server card. Default: `io.github.tidegate/` and the name. */
  cardName?: string;
  /** Feeds by name, for streams that take their share with `from`. */
  feeds?: Record<string, Feed>;
  /** Streams by name. */
  streams?: Record<string, Stream<unknown>>;
  /** Tools by name. */
  tools?: Record<string, Tool>;
  /** Long work by name. Each task appears as a tool too. */
  tasks?: Record<string, Task>;
  /** Triggers by name: conditions on streams, and what happens when they begin to hold. */
  triggers?: Record<string, Trigger>;
  /** Resources by name. */
  resources?: Record<string, Resource>;
  /** Prompts by name. */
  prompts?: Record<string, Prompt>;
  /**
   * The tools that come with the package, by name: `false` leaves one out, and `{ name, title, description }` names and
   * describes it anew.
   * Default: all that serve something which the app declares.
   */
  builtIns?: BuiltIns;
  /**
   * How large results of tools are kept. A result above `bytes` as JSON is kept in pages for `keptMs`; the answer has
   * its beginning and says where to read the whole. The structured content of a tool with `output` stays whole beside
   * that, up to `structuredBytes`. The defaults are 262,144 bytes, 1,000,000 bytes and one hour.
   */
  results?: { bytes?: number; structuredBytes?: number; keptMs?: number };
  /**
   * What callers may take up, over all instances. What is over is refused with `rate_limited`, which says when to come
   * again. Of feeds it counts what `feeds` says.
   */
  quotas?: Partial<AppQuotas>;
  /** How events are told to clients that subscribe to them. */
  events?: Partial<AppEvents>;
  /** How deliveries go out to who subscribed. */
  webhooks?: WebhookOptions;
  /**
   * Whether requests of 2026-07-28 in which nothing is unusual are answered without the MCP SDK, which takes a third of the time.
   * The answers are the same. False: the SDK answers them all.
   * @default true
   */
  direct?: boolean;
}

interface AppEvents {
  /**
   * Codes of the errors of the events extension: those of the sketch that came before SEP-3415, as clients of today know them, or
   * those that the SEP asks for.
   * @default sketch
   */
  codes: EventDialect;
}

export interface AppQuotas {
  /**
   * Requests of one caller to `/mcp` and `/ingest` in each minute of the clock. Without authentication, where all callers
   * are one, it counts only where it is declared.
   */
  requests: number;
  /** The same, of all callers of a tenant. Default: no limit. */
  allRequests?: number;
  /** Bytes of large answers of one caller, while they are kept. */
  results: number;
  /** Bytes of large answers of all callers. */
  allResults: number;
  /** Bytes of what one caller's tasks are called with, while they work, and of the pages of their results, within a day. */
  tasks: number;
  /** The same, of all callers. */
  allTasks: number;
  /**
   * Requests of one caller that stay open at a time: those that listen, ask for progress or wait for the result of a task,
   * tails and waits. Without authentication it counts only where it is declared.
   */
  openStreams: number;
  /**
   * Streams of events (`events/stream`) of one caller that are open at a time, one for each subscription. Without authentication it
   * counts only where it is declared.
   */
  eventStreams: number;
  /** Tasks of one caller that have not ended, at once. Without authentication it counts only where it is declared. */
  runningTasks: number;
  /** Waits of one caller for events on a stream, at once. */
  waits: number;
  /** Waits of all callers on a stream. */
  allWaits: number;
  /** Keys that one wait remembers; the one that changed longest ago is forgotten. Beside it a wait has 256 KiB. */
  waitKeys: number;
  /** Bytes that one caller may push to a stream in a day. What stands of them is bounded by the stream's retention. */
  pushes: number;
  /** The same, of all callers. */
  allPushes: number;
  /**
   * Bytes that one feed may bring a tenant in a day, where events name their tenants. What is over becomes a dead letter of the
   * tenant, and a gap in its log. Default: no limit.
   */
  feeds?: number;
  /** Subscriptions of one caller to deliveries. */
  subscriptions: number;
  /** The same, of all callers of a tenant. */
  allSubscriptions: number;
}

/** What an app says of deliveries to who subscribes. */
export interface WebhookOptions {
  /**
   * Host names or `host:port` that may be reached by http, or at private addresses.
   * @default []
   */
  allow?: readonly string[];
  /**
   * Beginnings of urls, such as `https://hooks.example.com/agents/`, whose receivers need not confirm first.
   * @default []
   */
  trusted?: readonly string[];
  /**
   * How long a subscription stands that asks for no time of its own, in ms.
   * @default 3,600,000 ms
   */
  ttlMs?: number;
  /**
   * The longest time that a subscription may ask for, in ms.
   * @default 86,400,000 ms
   */
  mostTtlMs?: number;
  /**
   * Whether a subscription of a caller with a key may ask to stand until it is ended. What a token allowed cannot be asked again.
   * @default false
   */
  endless?: boolean;
  /**
   * How long it is tried to deliver an event, in ms. What the receiver has not taken then can be replayed, for as long as the log
   * has it.
   * @default 86,400,000 ms
   */
  retryForMs?: number;
}

export interface App {
  /** The options of the declaration, from which `extendApp` makes another app. */
  options: AppOptions;
  name: string;
  version: string;
  title: string;
  description: string;
  instructions: string | null;
  websiteUrl: string | null;
  icons: readonly Icon[];
  cardName: string;
  streams: ReadonlyMap<string, DeclaredStream>;
  feeds: ReadonlyMap<string, DeclaredFeed>;
  tools: ReadonlyMap<string, Tool>;
  tasks: ReadonlyMap<string, Task>;
  triggers: ReadonlyMap<string, DeclaredTrigger>;
  resources: ReadonlyMap<string, Resource>;
  prompts: ReadonlyMap<string, Prompt>;
  builtIns: BuiltIns;
  /** Under which names models see them. Every text that names one takes its name from here. */
  toolNames: ToolNames;
  results: { bytes: number; structuredBytes: number; keptMs: number };
  quotas: AppQuotas;
  events: AppEvents;
  webhooks: Required<WebhookOptions>;
  direct: boolean;
}
