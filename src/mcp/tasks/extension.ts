/** Whether a caller knows tasks, and what one hears that does not where nothing else would do. Pure. */
import { TidegateError } from '../../base/errors.ts';
import type { Caller } from '../../calls/caller.ts';

export const TASKS_EXTENSION = 'io.modelcontextprotocol/tasks';

/** It says so with each request; one request says nothing of the next. */
export function knowsTasks({ clientCapabilities }: Pick<Caller, 'clientCapabilities'>): boolean {
  const extensions = clientCapabilities?.extensions;
  if (typeof extensions !== 'object' || extensions === null || Array.isArray(extensions)) return false;
  const declared = extensions[TASKS_EXTENSION];
  return declared !== undefined && declared !== null;
}

/** @param what cannot be had otherwise: a method, or a tool */
export function needsTasks(what: string, { clientCapabilities }: Pick<Caller, 'clientCapabilities'>): TidegateError {
  if (clientCapabilities === null) {
    return new TidegateError('not_supported', `${what} needs protocol version 2026-07-28, with ${TASKS_EXTENSION}`);
  }
  return new TidegateError('missing_capability', `${what} needs a client that declares ${TASKS_EXTENSION}`, {
    requiredCapabilities: { extensions: { [TASKS_EXTENSION]: {} } },
  });
}
