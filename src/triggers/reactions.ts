/**
 * Reactions: the follower of a trigger's log that begins a task with each occurrence, once. The task is begun under the id of its
 * occurrence before the position moves, so whoever follows again after a crash finds it begun. An occurrence with which no task can
 * be begun, such as by a mistake of `input`, is noted and passed over; where the store fails or too many tasks run, it waits.
 */
import type * as z from 'zod';
import { isGap, type LoggedEvent } from '../base/event.ts';
import { asTidegateError, causeText, type ErrorCode, isOfStore, TidegateError } from '../base/errors.ts';
import type { Json } from '../base/json.ts';
import type { Principal } from '../base/principal.ts';
import { specProblems } from '../declare/spec/problems.ts';
import type { DeclaredTrigger, OccurrenceData, TriggerOccurrence } from '../declare/trigger.ts';
import type { Deps } from '../streams/deps.ts';
import { follow } from '../streams/log/follower.ts';
import { removalsKey } from '../streams/log/removals.ts';
import { loggedEvent, streamLog } from '../streams/log/stream-log.ts';
import type { StreamScope } from '../streams/scope.ts';
import { type BehindTriggers, createBehind } from './behind.ts';
import { reactingAs } from './names.ts';
import { reactionNotes, type ReactionNotes, reactionsKey } from './reaction-notes.ts';

/** Begins a task once for each `once`; calls with the same one begin nothing. Errors as `createTask`. */
export type BeginReaction = (
  principal: Principal,
  asked: { task: string; input: Json; once: string; needs: readonly string[]; deadline: number },
) => Promise<void>;

const REACTIONS_FOLLOWER = 'reactions';
/** Entries of a round: a process that ends within it begins as many again, which begins nothing. */
const ROUND_ENTRIES = 20;
const MOST_NOTES = 10;
const REASON_CHARACTERS = 300;
/** With these it may be begun later. */
const PASSING: ReadonlySet<ErrorCode> = new Set(['rate_limited', 'overloaded', 'cancelled']);

/** Errors as `follow`, and those of `begin` that pass. */
async function followReactions(
  scope: StreamScope,
  trigger: DeclaredTrigger,
  begin: BeginReaction,
  deadline: number,
): Promise<{ entries: number; caughtUp: boolean }> {
  const { tenant, runtime, store } = scope;
  const { entries, caughtUp } = await follow({
    scope,
    log: streamLog(tenant, trigger.log.name),
    follower: REACTIONS_FOLLOWER,
    removals: removalsKey(tenant, trigger.log.name),
    repeatable: false,
    limit: ROUND_ENTRIES,
    deadline,
    begin() {
      const occurrences: LoggedEvent[] = [];
      return {
        take(taken) {
          for (const entry of taken) {
            const event = loggedEvent.read(entry);
            if (!isGap(event) && (event.data as unknown as OccurrenceData).became === 'holding')
              occurrences.push(event);
          }
        },
        async effects() {
          if (occurrences.length === 0) return [];
          const reading = await store.get(reactionsKey(tenant, trigger.name), runtime.now());
          const told = reactionNotes.read(reading) ?? { begun: 0, failed: 0, notes: [] };
          if (told.heldSince !== undefined) throw held();
          for (const event of occurrences) {
            const note = await react(scope, trigger, event, begin, deadline);
            if (note === null) told.begun += 1;
            else {
              told.failed += 1;
              told.notes = [note, ...told.notes].slice(0, MOST_NOTES);
            }
          }
          return [reactionNotes.replace(reading, told)];
        },
      };
    },
  });
  return { entries, caughtUp };
}

function held(): TidegateError {
  return new TidegateError('cancelled', 'the store is a restored copy, and begins no task until tidegate resume');
}

/** Null: the task is begun, or was. @throws TidegateError where it may be begun later */
async function react(
  { app, runtime, tenant, audit }: StreamScope,
  trigger: DeclaredTrigger,
  event: LoggedEvent,
  begin: BeginReaction,
  deadline: number,
): Promise<ReactionNotes['notes'][number] | null> {
  const { task: name = '' } = trigger.starts ?? {};
  const principal = reactingAs(tenant, trigger.name);
  try {
    const task = app.tasks.get(name);
    if (task === undefined) throw new TidegateError('not_found', `there is no task ${name}`);
    if (task.prepare !== null)
      throw new TidegateError('not_supported', 'the task asks before it begins, and here is nobody to ask');
    const input = inputOf(trigger, occurrenceOf(trigger, event), task.input);
    await begin(principal, { task: name, input, once: event.id, needs: task.scopes ?? [], deadline });
    await audit?.note(principal, { action: 'task', target: name });
    return null;
  } catch (thrown) {
    const error = asTidegateError(thrown);
    const { code, message } = error;
    if (PASSING.has(code) || isOfStore(error)) throw error;
    const reason = (code === 'internal' ? causeText(thrown) : message).slice(0, REASON_CHARACTERS);
    runtime.log('error', 'an occurrence began no task', {
      trigger: trigger.name,
      task: name,
      occurrence: event.id,
      cause: reason,
    });
    return { occurrence: event.id, at: runtime.now(), code, reason };
  }
}

function occurrenceOf({ name }: DeclaredTrigger, { id, key, time, data }: LoggedEvent): TriggerOccurrence {
  const { became, title, value, events, payload } = data as unknown as OccurrenceData;
  return { id, trigger: name, became, key: key ?? null, time, title, value, events, payload };
}

/** What `input` makes of it, or the occurrence itself, as the task's schema takes it. */
function inputOf(trigger: DeclaredTrigger, occurrence: TriggerOccurrence, schema: z.ZodType | undefined): Json {
  const given: unknown = trigger.starts?.input ? trigger.starts.input(occurrence) : occurrence;
  if (schema === undefined) return {};
  const parsed = schema.safeParse(given);
  if (parsed.success) return JSON.parse(JSON.stringify(parsed.data)) as Json;
  const [problem] = specProblems(schema, given, 'input');
  throw new TidegateError(
    'invalid_input',
    `${problem?.path ?? 'input'}: expected ${problem?.expected ?? 'what the task takes'}`,
  );
}

/** The work on reactions. */
export function createReactionWork(deps: Deps, begin: BeginReaction): BehindTriggers {
  const triggers = [...deps.app.triggers.values()].filter(({ starts }) => starts !== null);
  const react = (scope: StreamScope, trigger: DeclaredTrigger, deadline: number) =>
    followReactions(scope, trigger, begin, deadline);
  return createBehind(deps, triggers, react, 'tasks of triggers are not begun');
}
