/**
 * `subscribe`: deliveries of an event, for clients that do not know the events extension. The same subscribed again refreshes it, as
 * there. A webhook gets a secret that is made here where the caller brings none, and shown once.
 */
import * as z from 'zod';
import { fromBase64Url } from '../../base/base64url.ts';
import { asTidegateError, TidegateError } from '../../base/errors.ts';
import type { Runtime } from '../../base/runtime.ts';
import { bothHalves } from '../../calls/halves.ts';
import { callsTo, NextCalls } from '../../calls/next-call.ts';
import { accounted, type AppDeps } from '../../calls/context.ts';
import { CursorText, Key, Notes } from '../../calls/schemas.ts';
import type { DeliveryTarget, Subscription } from '../../deliveries/subscription.ts';
import { callbackFailureOf, type DeliveryService } from '../../deliveries/subscriptions.ts';
import { type Tool, tool } from '../../declare/tool.ts';
import type { App } from '../../declare/app.ts';
import type { DeclaredStream } from '../../declare/stream.ts';
import { eventSources } from '../../streams/sources/sources.ts';
import { listedWhere, whereArgument } from '../condition-input.ts';
import { unknownKeyNotes } from '../unknown-keys.ts';
import { targetText, untilText } from './subscription-lines.ts';

const Input = z.strictObject({
  event: z.string().min(1).max(80).describe('A trigger, or stream.<name>'),
  keys: z.array(Key).min(1).max(100).optional().describe('Only what is about these'),
  where: whereArgument('Of a stream: only events that pass all').optional(),
  ends: z.boolean().optional().describe('Of a trigger: also when it ceases'),
  url: z
    .string()
    .min(1)
    .max(2_048)
    .optional()
    .describe('Of a webhook, https; Slack and Discord get messages of theirs'),
  secret: z
    .string()
    .max(200)
    .optional()
    .describe('whsec_… of the webhook. Default: the one that stands, else one is made, and shown this once'),
  feed: z.string().max(64).optional().describe('With topic: publish it there'),
  topic: z.string().min(1).max(256).optional(),
  task: z.string().min(1).max(64).optional().describe('A task that begins with each'),
  seconds: z.number().positive().optional().describe('How long it stands. Subscribe again before'),
  cursor: CursorText.optional().describe('Default: from now on'),
  ordered: z.boolean().optional().describe('Each only once the one before was taken'),
  test: z.boolean().optional().describe('Also send a made-up event now'),
  replay: z.boolean().optional().describe('Also send again what was given up'),
});

const Output = z.object({
  subscription: z.string().describe('Its id, which also ends it'),
  event: z.string(),
  to: z.string(),
  until: z.string().nullable().describe('Subscribe again before; null: it does not end'),
  cursor: z.string().describe('All up to there was delivered or given up'),
  truncated: z.boolean().describe('True: events after the given cursor are gone'),
  secret: z.string().optional().describe('Signs what is sent (Standard Webhooks)'),
  tested: z.string().optional().describe('What became of the made-up event'),
  replayed: z.number().optional().describe('How many are sent again'),
  notes: Notes,
  nextCalls: NextCalls,
});

type Given = z.output<typeof Input>;

/** What the room below calls an argument of this tool. */
const CALLED: Readonly<Record<string, string>> = {
  source: 'event',
  name: 'event',
  'target.url': 'url',
  'target.secret': 'secret',
  'target.feed': 'feed',
  'target.topic': 'topic',
  'target.task': 'task',
};

export function subscribeTool({ app, runtime }: AppDeps, service: DeliveryService): Tool {
  const triggers = [...app.triggers.keys()].join(', ').slice(0, 400);
  return tool({
    title: 'Subscribe',
    description: [
      'Sends each event that comes to a webhook, a topic or a task, without anybody asking.',
      ...(triggers === '' ? [] : [`Triggers: ${triggers}.`]),
    ].join(' '),
    input: Input,
    output: Output,
    annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: true },
    async run(input, context) {
      const { principal, deadline } = context;
      const { target, made: newOne } = targetIn(input, runtime);
      const { event, keys, where, ends, cursor, seconds, ordered, test, replay } = input;
      const subscription = await named(() =>
        service.subscribe(
          principal,
          {
            source: event,
            arguments: { keys, where, ends },
            target,
            cursor: cursor ?? null,
            maxAgeMs: null,
            keepsSecret: newOne !== null,
            ttlMs: seconds === undefined ? undefined : seconds * 1_000,
            ...(ordered === undefined ? {} : { ordered }),
          },
          deadline,
        ),
      );
      const { id, keptSecret } = subscription;
      const made = keptSecret === true ? null : newOne;
      const tried = test ? await service.test(principal, id, deadline) : null;
      const scope = accounted({ app, runtime }, context);
      const notes = keys === undefined ? [] : await unknownKeyNotes(scope, streamsOfEvent(app, event), { oneOf: keys });
      return answerOf(subscription, made, input, {
        ...(tried ? { tested: tried.why === undefined ? tried.outcome : `${tried.outcome}: ${tried.why}` } : {}),
        ...(replay ? { replayed: await service.replay(principal, id, null, deadline) } : {}),
        ...(notes.length === 0 ? {} : { notes }),
      });
    },
  });

  function answerOf(
    { id, source, target, refreshBefore, cursor, truncated }: Subscription,
    made: string | null,
    input: Given,
    more: { tested?: string; replayed?: number; notes?: string[] },
  ) {
    const to = targetText(target);
    const once = { cursor: undefined, test: undefined, replay: undefined };
    const filter = input.where === undefined ? {} : { where: listedWhere(input.where) };
    const again = { ...input, ...filter, ...(made === null ? {} : { secret: made }), ...once };
    return bothHalves<z.input<typeof Output>>({
      before: [
        `Subscribed: ${source} to ${to}, as ${id}, ${untilText(refreshBefore)}.`,
        ...(truncated ? ['Truncated: events after the given cursor are gone.'] : []),
        ...(made === null ? [] : [`Its secret, which is shown this once: ${made}`]),
        ...(more.tested === undefined ? [] : [`The made-up event: ${more.tested}.`]),
        ...(more.replayed === undefined ? [] : [`Sent again: ${more.replayed}.`]),
      ],
      name: 'rows',
      rows: [],
      after: more.notes ?? [],
      calls: [
        ...callsTo('Refresh', app.toolNames.subscribe, again),
        ...callsTo('What became of it', app.toolNames.list_subscriptions, { subscription: id }),
        ...callsTo('End', app.toolNames.unsubscribe, { subscription: id }),
      ],
      structured: {
        subscription: id,
        event: source,
        to,
        until: refreshBefore === null ? null : new Date(refreshBefore).toISOString(),
        cursor,
        truncated,
        ...(made === null ? {} : { secret: made }),
        ...more,
      },
    });
  }
}

/** The streams of which an event tells: those that a trigger watches, or the stream itself. */
function streamsOfEvent(app: App, event: string): DeclaredStream[] {
  const { trigger, stream } = eventSources(app).get(event) ?? {};
  const names = trigger ? [...new Set(trigger.on.values())] : stream ? [stream.name] : [];
  return names.flatMap((name) => app.streams.get(name) ?? []);
}

/** @throws TidegateError `invalid_input` where there is no target, or more than one */
function targetIn(input: Given, runtime: Pick<Runtime, 'newId'>): { target: DeliveryTarget; made: string | null } {
  const { url, secret, feed, topic, task } = input;
  if ([url, topic, task].filter((each) => each !== undefined).length !== 1) {
    throw wrong('url', 'exactly one of url, topic (with feed) and task');
  }
  if (task !== undefined) return { target: { kind: 'task', task }, made: null };
  if (topic !== undefined) {
    if (feed === undefined) throw wrong('feed', 'the feed that publishes to the topic');
    return { target: { kind: 'mqtt', feed, topic }, made: null };
  }
  const shape = shapeOf(url ?? '');
  if (shape !== 'event') return { target: { kind: 'webhook', url: url ?? '', secret: null, shape }, made: null };
  const made = secret === undefined ? newSecret(runtime) : null;
  return { target: { kind: 'webhook', url: url ?? '', secret: secret ?? made, shape }, made };
}

/** Chats have URLs that nobody else has. */
function shapeOf(url: string): 'event' | 'slack' | 'discord' {
  const { host = '', pathname = '' } = URL.parse(url) ?? {};
  if (host === 'hooks.slack.com') return 'slack';
  return ['discord.com', 'discordapp.com'].includes(host) && pathname.startsWith('/api/webhooks/')
    ? 'discord'
    : 'event';
}

/** Of two ids, 256 random bits together. */
function newSecret({ newId }: Pick<Runtime, 'newId'>): string {
  const bytes = [newId(), newId()].flatMap((id) => [...(fromBase64Url(id) ?? [])]);
  return `whsec_${btoa(String.fromCodePoint(...bytes))}`;
}

/** Errors with the names that the caller wrote. */
async function named<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (thrown) {
    const error = asTidegateError(thrown);
    const { code, message, field, expected, hint, retryAfterMs, cause } = error;
    const own = callbackFailureOf(error) === null ? CALLED[field ?? ''] : 'url';
    const argument = own ?? field?.replace(/^arguments\./, '');
    if (argument === undefined || argument === field) throw error;
    throw new TidegateError(code, message, {
      field: argument,
      ...(expected === null ? {} : { expected }),
      ...(hint === null ? {} : { hint }),
      ...(retryAfterMs === null ? {} : { retryAfterMs }),
      cause,
    });
  }
}

function wrong(field: string, expected: string): TidegateError {
  return new TidegateError('invalid_input', `where to is not clear`, { field, expected });
}
