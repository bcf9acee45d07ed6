/** What `list_triggers` tells of the tasks that a trigger begins: how many, what was passed over and why, and which wait for an answer. */
import * as z from 'zod';
import { plainText } from '../../base/plain.ts';
import type { Principal } from '../../base/principal.ts';
import { missingScopes } from '../../base/scopes.ts';
import { isoTime } from '../../base/time/time-text.ts';
import { reactionScopes } from '../../calls/events/reactions.ts';
import type { App } from '../../declare/app.ts';
import type { DeclaredTrigger } from '../../declare/trigger.ts';
import type { Scope } from '../../streams/scope.ts';
import { listTasks } from '../../tasks/records/list.ts';
import { reactingAs } from '../../triggers/names.ts';
import type { ListedTrigger } from '../../triggers/list.ts';

export const Reactions = z
  .object({
    task: z.string(),
    begun: z.number(),
    failed: z.number().describe('Occurrences that began none'),
    notes: z
      .array(z.object({ occurrence: z.string(), at: z.string(), code: z.string(), reason: z.string() }))
      .describe('The last of these, and why'),
    tasks: z
      .array(z.object({ task: z.string(), status: z.string(), at: z.string() }))
      .describe('The newest, where one trigger is asked for by who may see to its tasks'),
  })
  .nullable()
  .describe('Tasks that it begins');

type ShownReactions = z.input<typeof Reactions>;

const MOST_NOTES = 3;
const MOST_TASKS = 10;
const REASON_CHARACTERS = 200;
/** What a function of the app says when it breaks is for its operators: `tidegate triggers list --json`. */
const BROKE = 'a function of the app broke';

export function shownReactions({ trigger: { starts }, reactions }: ListedTrigger): ShownReactions {
  if (starts === null) return null;
  const { begun = 0, failed = 0, notes = [] } = reactions ?? {};
  return {
    task: starts.task,
    begun,
    failed,
    notes: notes.slice(0, MOST_NOTES).map(({ occurrence, at, code, reason }) => ({
      occurrence,
      at: isoTime(at),
      code,
      reason: code === 'internal' ? BROKE : reason.slice(0, REASON_CHARACTERS),
    })),
    tasks: [],
  };
}

/** Two store calls; none for who may not see to them. Tasks stand in the tenant of the caller, or are another's. */
export async function reactionTasks(
  { store, runtime }: Scope,
  app: App,
  trigger: DeclaredTrigger,
  { tenant, scopes: held }: Principal,
): Promise<NonNullable<ShownReactions>['tasks']> {
  const needed = reactionScopes(app, trigger);
  if (needed === null || missingScopes(held, needed).length > 0) return [];
  const { tasks } = await listTasks({ store, runtime }, reactingAs(tenant, trigger.name), { limit: MOST_TASKS });
  return tasks.map(({ taskId, header }) => ({ task: taskId, status: header.status, at: isoTime(header.updatedAt) }));
}

/** In words, for the line of the trigger. Empty: there is nothing to tell. */
export function reactionText(reactions: ShownReactions | undefined): string {
  if (!reactions) return '';
  const { task, begun, failed, notes, tasks } = reactions;
  const [note] = notes;
  const why = note === undefined ? '' : ` (the last, ${plainText(note.occurrence)}: ${plainText(note.reason)})`;
  const waiting = tasks.filter(({ status }) => status === 'input_required').length;
  return [
    ` Began ${task} ${begun} times`,
    ...(failed > 0 ? [`${failed} occurrences began none${why}`] : []),
    ...(waiting > 0 ? [`${waiting} wait for an answer`] : []),
  ]
    .join('; ')
    .concat('.');
}
