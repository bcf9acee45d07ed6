/**
 * What a feed lets out, and in at once: the seam between a kind of feed that can be published to and whoever publishes
 * (the tools that the kind brings, an app's own handlers). The kind checks a message, says what a person sees of it and
 * what is put on record, and sends it. Whoever publishes asks the person, keeps the record, and sends nothing twice.
 */
import type * as z from 'zod';
import type { Json, JsonObject } from '../base/json.ts';
import type { Runtime } from '../base/runtime.ts';
import type { AppFeeds, PublishOutcome, ReceiveOutcome, RequestOutcome } from './app-feeds.ts';

/** How a person is asked before something is published. */
export interface Confirmation {
  /** The question, for people; null: a sentence of ours. What is sent stands below it. */
  message: string | null;
  /** What a client that cannot be asked gets: -32021, or a refusal in words that the model reads. */
  otherwise: 'missing-capability' | 'refuse';
}

/** What may be published, of one pattern. */
export interface OutletRule {
  /** What messages it is of, in the kind's own words: a topic filter, a subject. */
  pattern: string;
  /** Null: nobody is asked. */
  confirm: Confirmation | null;
}

/** What sending is lent: as much of the host and the request as it needs. */
export interface OutletContext {
  /** Name under which the feed is declared. */
  feed: string;
  runtime: Runtime;
  signal: AbortSignal;
  /** Epoch ms by which it has to be over. */
  deadline: number;
}

/** A message that was checked: as it will be sent. */
export interface Checked<Outcome> {
  rule: OutletRule;
  /** What the record and the log say of it beside who, where and what became of it. Never the payload, which may be a secret. */
  facts: JsonObject;
  /** What the person who is asked reads below the question, a line each. @param feed name of the feed */
  shown(feed: string): string[];
  /** All that makes it this message and no other: what a person agreed to is never another one. */
  identity: Json[];
  /** Name of the field by which a refusal of the message as a whole is named. */
  field: string;
  /** The outcome where a person was asked and did not agree. */
  declined: Outcome;
  /** @throws TidegateError `upstream` where nothing was sent */
  send(context: OutletContext): Promise<Outcome>;
}

/** The stream in which publications are put on record. */
export interface OutletAudit {
  stream: string;
  /** Path of the option that names it, below the feed. */
  option: string;
  /** A record of each form; the stream has to take them all. Each has the fields of `OutletRecord` and those of `facts`. */
  examples: readonly object[];
  /** What such a stream is, for the message about one that does not take them. */
  expected: string;
}

/** What is put on record of each publication, beside the kind's `facts`. */
export interface OutletRecord {
  subject: string;
  client: string | null;
  action: 'publish' | 'request';
  feed: string;
  /** `failed`: nothing was sent, because upstream could not be reached or does not take such messages. */
  outcome: PublishOutcome['status'] | 'failed';
  reason: string | null;
}

/** A tool by which agents publish. It reaches the feeds as a handler does, so that people are asked and records are kept. */
export interface OutletTool {
  title: string;
  description: string;
  input: z.ZodObject;
  output: z.ZodObject;
  run(input: never, feeds: AppFeeds): Promise<{ text: string; structured: object; isError?: true }>;
}

/** What a feed offers that can be published to, or listened to at once. */
export interface Outlet {
  rules: readonly OutletRule[];
  /** Null: publications are not put on record in a stream. */
  audit: OutletAudit | null;
  /** `facts` of a message that nobody has checked yet, for the log line of a refusal. */
  factsOf(message: object): JsonObject;
  /** Without I/O. @throws TidegateError `invalid_input` or `too_large` naming the field */
  check(message: object): Checked<PublishOutcome>;
  /** Absent: messages are no requests. Without I/O. @throws TidegateError `invalid_input` or `too_large` naming the field */
  checkRequest?(request: object, newId: () => string): Checked<RequestOutcome>;
  /** Absent: nothing can be listened to at once. @throws TidegateError `invalid_input` naming the field, `upstream` */
  receive?(wanted: object, context: OutletContext): Promise<ReceiveOutcome>;
  /**
   * Makes the tools by which agents publish to all feeds of this kind. It is called once for an app, so it is the same
   * function for each outlet of a kind. Absent: agents publish by the app's own tools alone.
   * @param outlets those of the kind, by the name of their feed
   */
  tools?(this: void, outlets: ReadonlyMap<string, Outlet>): Record<string, OutletTool>;
}
