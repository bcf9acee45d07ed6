/**
 * Who sees to the tasks that triggers began. Their principal is the app itself, in the name of the trigger; the declaration of the
 * trigger says which callers of the same tenant see such a task, answer what it asks and cancel it.
 */
import type { Owner, Principal } from '../../base/principal.ts';
import { missingScopes } from '../../base/scopes.ts';
import type { App } from '../../declare/app.ts';
import type { DeclaredTrigger } from '../../declare/trigger.ts';
import type { ActsFor } from '../../tasks/records/task-id.ts';
import { reactingAs } from '../../triggers/names.ts';
import { eventScopes } from '../needs.ts';

/** @param app the whole one: a part of it knows less of what is needed */
export function actsForReactions(app: App): ActsFor {
  const needs = [...app.triggers.values()].flatMap((trigger) => {
    const scopes = reactionScopes(app, trigger);
    return scopes === null ? [] : [{ name: trigger.name, scopes }];
  });
  return ({ tenant, scopes: held }: Principal) =>
    needs.flatMap(({ name, scopes }): Owner[] =>
      missingScopes(held, scopes).length === 0 ? [reactingAs(tenant, name)] : [],
    );
}

/** What a caller needs beside `tasks`. Null: the trigger begins no tasks. */
export function reactionScopes(app: App, { name, starts }: DeclaredTrigger): readonly string[] | null {
  const task = starts === null ? undefined : app.tasks.get(starts.task);
  if (starts === null || task === undefined) return null;
  return [...new Set([...starts.for, ...eventScopes(app, name), ...(task.scopes ?? [])])];
}
