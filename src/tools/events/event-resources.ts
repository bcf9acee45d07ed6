/**
 * `event://{name}`: what a trigger has told of late, as JSON, for clients that do not know the events extension. It changes with
 * each occurrence, so clients can listen to it, subscribe to it, and ask `poll_changes` about it.
 */
import { sentJson } from '../../base/json.ts';
import { accounted, type AppDeps } from '../../calls/context.ts';
import { callsTo } from '../../calls/next-call.ts';
import { type Resource, resource } from '../../declare/resource.ts';
import { besides, obey } from '../../streams/log/removals.ts';
import { loggedEvent } from '../../streams/log/stream-log.ts';
import { ofStream } from '../../streams/scope.ts';
import { logOf } from '../../streams/sources/page.ts';
import { eventSources, findSource } from '../../streams/sources/sources.ts';

const NEWEST_OCCURRENCES = 20;

export function eventResources(deps: AppDeps): Record<string, Resource> {
  return deps.app.triggers.size > 0 ? { event: eventResource(deps) } : {};
}

/** One store call. */
function eventResource(deps: AppDeps): Resource {
  const { app } = deps;
  const triggers = new Map([...eventSources(app)].filter(([, { trigger }]) => trigger !== null));
  return resource({
    uri: 'event://{name}',
    title: 'Trigger',
    description: `When a trigger fired: its ${NEWEST_OCCURRENCES} newest occurrences, the newest last`,
    mimeType: 'application/json',
    annotations: { audience: ['assistant'] },
    cache: { ttlMs: 1_000, cacheScope: 'private' },
    changes: ({ name }) => {
      const source = triggers.get(name);
      return source === undefined ? null : [{ stream: source.stream.name }];
    },
    async read({ name }, context) {
      const selection = findSource(triggers, name).select({ ends: true });
      const { source } = selection;
      const scope = accounted(deps, context);
      const place = ofStream(scope, source.stream);
      const newest = await scope.store.last(
        logOf(scope, selection),
        NEWEST_OCCURRENCES,
        null,
        besides(place, source.stream.name),
      );
      const occurrences = obey(newest).entries.flatMap(
        (entry) => selection.occurrenceOf(loggedEvent.read(entry)) ?? [],
      );
      const { title, description } = source;
      const nextCalls = callsTo('Whether it fired since', app.toolNames.poll_changes, { uris: [context.uri] });
      const text = sentJson({ name, title, description, occurrences, nextCalls });
      return [{ uri: context.uri, mimeType: 'application/json', text }];
    },
    list: async () =>
      [...triggers.values()].map(({ name, title, description }) => ({
        uri: `event://${name}`,
        name: `trigger ${name}`,
        title,
        description,
      })),
    complete: { name: async (value) => [...triggers.keys()].filter((name) => name.startsWith(value)) },
  });
}
