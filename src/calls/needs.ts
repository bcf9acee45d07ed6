/**
 * Which scopes a call needs for what it asks, beside those that the called thing declares. The built-in tools and resources
 * need: of a stream its reading, of an outlet publishing to it. The state of a feed shows items of all streams that it
 * fills, so it needs the reading of each.
 */
import { scopeToRead } from '../auth/audit/stream.ts';
import { ALARMS_READ, ALARMS_WRITE, alarmScope, publishScope, readScope } from '../base/scopes.ts';
import type { App } from '../declare/app.ts';
import { eventSources } from '../streams/sources/sources.ts';
import { publishToolsOf } from './publish-tools.ts';

/** Answers the scopes that a call with these arguments needs. It judges names that are known; others need nothing. */
export type NeedsOf<Given> = (given: Given) => readonly string[];

/** By the names of an extension's tools and resources. */
export interface Needs {
  /** Given arguments that the tool's schema took. */
  tools?: Readonly<Record<string, NeedsOf<Readonly<Record<string, unknown>>>>>;
  /** Given the variables of the template. A completion may lack some. */
  resources?: Readonly<Record<string, NeedsOf<Readonly<Record<string, string>>>>>;
  /** Given the parameters of a method, as they were sent. */
  methods?: Readonly<Record<string, NeedsOf<Readonly<Record<string, unknown>>>>>;
}

export function streamNeeds(app: App): Needs {
  const reading = (name: unknown) => (typeof name === 'string' ? readingOf(app, name) : []);
  const ofStream = ({ stream }: Readonly<Record<string, unknown>>) => reading(stream);
  const ofName = ({ name }: Readonly<Record<string, string>>) => reading(name);
  const ofFeed = ({ name = '' }: Readonly<Record<string, string>>) => feedScopes(app, name);
  return {
    tools: {
      list_streams: ofStream,
      read_latest: ofStream,
      read_history: ({ stream, also }) => [stream, ...streamsOf(also)].flatMap(reading),
      tail_stream: ofStream,
      wait_for: ofStream,
      export_history: ofStream,
      list_alarms: ({ trigger }) => alarmNeeds(app, ALARMS_READ, trigger),
      acknowledge_alarm: ({ trigger }) => alarmNeeds(app, ALARMS_WRITE, trigger),
      subscribe: ({ event }) => eventScopes(app, event),
      ...publishNeeds(app),
    },
    resources: {
      stream: ofName,
      stream_key: ofName,
      feed: ofFeed,
      feed_letters: ofFeed,
      alarm: ({ trigger }) => alarmNeeds(app, ALARMS_READ, trigger),
      alarm_key: ({ trigger }) => alarmNeeds(app, ALARMS_READ, trigger),
      event: ({ name }) => eventScopes(app, name),
    },
  };
}

/** What the state and the dead letters of a feed need. A feed that fills nothing is there to be published to. */
export function feedScopes({ feeds }: Pick<App, 'feeds'>, name: string): string[] {
  const feed = feeds.get(name);
  if (feed === undefined) return [];
  return feed.targets.length === 0 ? [publishScope(name)] : feed.targets.map(({ stream }) => readScope(stream));
}

/** What an event needs that can be subscribed to: what its trigger declares, and the reading of each stream that it is about. */
export function eventScopes(app: Pick<App, 'streams' | 'triggers'>, name: unknown): string[] {
  const source = typeof name === 'string' ? eventSources(app).get(name) : undefined;
  if (source === undefined) return [];
  const { trigger, stream } = source;
  if (trigger === null) return [scopeToRead(stream)];
  const watched = [...trigger.on.values()].flatMap((one) => readingOf(app, one));
  return [...new Set([...trigger.scopes, ...watched])];
}

/** Of a trigger with an alarm, beside what its alarm needs: what it declares, and the reading of its streams. */
function alarmNeeds(app: App, does: typeof ALARMS_READ | typeof ALARMS_WRITE, name: unknown): string[] {
  const trigger = typeof name === 'string' ? app.triggers.get(name) : undefined;
  if (!trigger?.alarm) return [];
  return [
    alarmScope(does, trigger.name),
    ...trigger.scopes,
    ...[...trigger.on.values()].flatMap((on) => readingOf(app, on)),
  ];
}

function readingOf({ streams }: Pick<App, 'streams'>, name: string): string[] {
  const stream = streams.get(name);
  return stream === undefined ? [] : [scopeToRead(stream)];
}

function streamsOf(also: unknown): unknown[] {
  return Array.isArray(also) ? also.map((each: { stream?: unknown } | null) => each?.stream) : [];
}

/** A tool that reaches one feed has no argument that names it. */
function publishNeeds(app: App): NonNullable<Needs['tools']> {
  return Object.fromEntries(
    [...publishToolsOf(app)].map(([name, { feeds }]) => [
      name,
      ({ feed = feeds[0] }) => (typeof feed === 'string' && feeds.includes(feed) ? [publishScope(feed)] : []),
    ]),
  );
}
