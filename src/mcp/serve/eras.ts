/**
 * What needs the SDK: everything of 2025-11-25 and before, and what is not plain of 2026-07-28. `serving.ts` loads this module when
 * the first such message comes.
 */
import { isLegacyRequest } from '@modelcontextprotocol/server';
import { createClientQuestions } from '../asking/asking.ts';
import { createHeld, type HeldStreams } from '../listen/held.ts';
import { createListeners } from '../listen/listeners.ts';
import { createOpenings } from '../listen/openings.ts';
import type { Registry } from '../registry/registry.ts';
import { createKeptMessages } from '../sessions/kept-messages.ts';
import { createListChanges } from '../sessions/list-changes.ts';
import { createResourceUpdates } from '../sessions/resource-updates.ts';
import { createSessionHints } from '../sessions/session-hints.ts';
import { createSessions } from '../sessions/sessions.ts';
import type { Answering, ServerDeps } from './answering.ts';
import { createLegacy, type LegacyServing } from './legacy.ts';
import { createModern, type EraServing, type Streaming } from './modern.ts';
import { createServerSource } from './server.ts';
import { changesSubscriptions, createSubscribing } from './subscribing.ts';

export interface Eras {
  /** Which of the two a message is for that does not say it itself. */
  isLegacy: (request: Request, body: unknown) => Promise<boolean>;
  modern: EraServing;
  legacy: LegacyServing;
}

export function createEras(deps: ServerDeps, answering: Answering): Eras {
  const sessions = deps.sessionSealer ? createSessions(deps.runtime, deps.sessionSealer) : null;
  const { runtime, outlivesClients = true, worksAfterAnswer = true, late = null } = deps;
  const { streamMs = STREAM_MS, deadlineOf } = deps;
  const reads = deps.listening?.bounds.reads ?? null;
  const hints = createSessionHints(runtime, deps.watch, reads);
  const kept = createKeptMessages(runtime, hints);
  const asking = sessions && createClientQuestions({ runtime, messages: kept, late, sessions });
  const source = createServerSource(deps, null, asking, answering);
  const { listening } = deps;
  const told = listening ? { ...listening, runtime, registryOf: deps.registryOf } : null;
  const changes = told ? [createListChanges(told), createResourceUpdates(told)] : [];
  const canSubscribe = sessions !== null && told !== null && streamMs > 0;
  const held = listening ? createHeld(runtime, deps.store, listening.bounds) : null;
  const streaming = listening && held ? streamingOf(deps, listening, held) : null;
  const modern = createModern(source, deps.runtime.log, streaming);
  const legacy = createLegacy({
    source,
    sessions,
    streamsUntil: (request) =>
      Math.min(runtime.now() + (streamMs || STREAM_MS), deadlineOf?.(request) ?? Number.POSITIVE_INFINITY),
    answers: { runtime, kept, hints, reads },
    standing: streamMs > 0 ? [...(deps.standing ?? []), ...changes] : null,
    enter: () => held?.enter() ?? nothing,
    subscribing: canSubscribe
      ? createSubscribing({
          sessions,
          hints,
          now: () => runtime.now(),
          failure: (...failed) => source.failure(...failed),
        })
      : null,
    outlivesClients,
    worksAfterAnswer,
    asking,
    isReading: (body) => isReading(deps.registry, body),
  });
  return { isLegacy: (request, body) => isLegacyRequest(request, body), modern, legacy };
}

function streamingOf(
  { runtime, registry }: ServerDeps,
  { watch, bounds }: NonNullable<ServerDeps['listening']>,
  held: HeldStreams,
): Streaming {
  return {
    listeners: createListeners({ runtime, watch, held, bounds, registry }),
    openings: createOpenings(runtime, held, bounds),
    close: () => held.close(),
  };
}

function nothing(): void {}

/** How long a stream of a session stays open, ms, where the host says nothing else. */
const STREAM_MS = 3_600_000;

/** Of a batch nothing is said. */
function isReading({ tools }: Registry, body: unknown): boolean {
  const { method, params } = (body ?? {}) as { method?: unknown; params?: { name?: unknown } };
  if (typeof method !== 'string') return false;
  if (method !== 'tools/call') return method !== 'logging/setLevel' && !changesSubscriptions(method);
  return typeof params?.name === 'string' && tools.isReadOnly(params.name);
}
