/**
 * The interface between a kind of feed that can be published to and the code that publishes: the tools that the kind
 * brings, and an app's own handlers. The kind checks a message, says what a person sees of it and what is recorded, and
 * sends it. The code that publishes asks the person, keeps the record, and sends no message twice.
 */
import type * as z from 'zod';
import type { Json, JsonObject } from '../base/json.ts';
import type { Runtime } from '../base/runtime.ts';
import type { ReadSecret } from './secret.ts';
import type { AppFeeds, PublishOutcome, ReceiveOutcome, RequestOutcome } from './app-feeds.ts';

/** How a person is asked before something is published. */
export interface Confirmation {
  /** The question, for people. Null: the server writes one. The message to send is shown below the question. */
  message: string | null;
  /**
   * What a client gets that does not support questions: the error -32021, or a refusal in words that the model reads.
   */
  otherwise: 'missing-capability' | 'refuse';
}

/** What may be published to one pattern. */
export interface OutletRule {
  /** Which messages the rule covers, in the kind's own terms: a topic filter, a subject. */
  pattern: string;
  /** Null: nobody is asked. */
  confirm: Confirmation | null;
}

/** What sending gets of the host and the request, and no more than it needs. */
export interface OutletContext {
  /** Name under which the feed is declared. */
  feed: string;
  runtime: Runtime;
  /** The text of one of the feed's `secrets`. */
  secret: ReadSecret;
  signal: AbortSignal;
  /** Epoch ms by which sending has to end. */
  deadline: number;
}

/** A message that was checked, in the form in which it will be sent. */
export interface Checked<Outcome> {
  rule: OutletRule;
  /**
   * What the record and the log say of the message, beside who sent it, where it went and what became of it. It never
   * holds the payload, which may be a secret.
   */
  facts: JsonObject;
  /**
   * The lines that the person who is asked reads below the question.
   * @param feed name of the feed
   */
  shown(feed: string): string[];
  /**
   * All that distinguishes this message from any other, so that a person's agreement never counts for another message.
   */
  identity: Json[];
  /** Name of the field that a refusal of the whole message names. */
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
  /**
   * One example of each form of record. The stream has to accept them all. Each has the fields of `OutletRecord` and
   * those of `facts`.
   */
  examples: readonly object[];
  /** A description of such a stream, for the error about a stream that does not accept the records. */
  expected: string;
}

/** What the record of each publication holds, beside the kind's `facts`. */
export interface OutletRecord {
  subject: string;
  client: string | null;
  action: 'publish' | 'request';
  feed: string;
  /** `failed`: nothing was sent, because the upstream could not be reached or does not take such messages. */
  outcome: PublishOutcome['status'] | 'failed';
  reason: string | null;
}

/** A tool by which agents publish. It uses the feeds as a handler does, so people are asked and records are kept. */
export interface OutletTool {
  title: string;
  description: string;
  input: z.ZodObject;
  output: z.ZodObject;
  /** Names of the feeds that it reaches. Its argument `feed` names one of them, where there are several. Default: all of its kind. */
  feeds?: readonly string[];
  run(input: never, feeds: AppFeeds): Promise<{ text: string; structured: object; isError?: true }>;
}

/** What a feed offers that can be published to, or listened to directly. */
export interface Outlet {
  rules: readonly OutletRule[];
  /** Null: publications are not recorded in a stream. */
  audit: OutletAudit | null;
  /** Returns the `facts` of a message that was not checked yet, for the log line of a refusal. */
  factsOf(message: object): JsonObject;
  /**
   * Checks a message, without I/O.
   * @throws TidegateError `invalid_input` or `too_large` naming the field
   */
  check(message: object): Checked<PublishOutcome>;
  /**
   * Checks a request, without I/O. Absent: the kind has no requests.
   * @throws TidegateError `invalid_input` or `too_large` naming the field
   */
  checkRequest?(request: object, newId: () => string): Checked<RequestOutcome>;
  /**
   * Listens for messages. Absent: the kind cannot listen.
   * @throws TidegateError `invalid_input` naming the field, `upstream`
   */
  receive?(wanted: object, context: OutletContext): Promise<ReceiveOutcome>;
  /**
   * Makes the tools by which agents publish to all feeds of this kind. It is called once for an app, so all outlets of
   * a kind have the same function. Absent: agents publish only by the app's own tools.
   * @param outlets the outlets of the kind, by the name of their feed
   */
  tools?(this: void, outlets: ReadonlyMap<string, Outlet>): Record<string, OutletTool>;
}
