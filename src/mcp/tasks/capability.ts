/**
 * The name of the Tasks extension, and whether a caller declared it. A host can say so without loading the extension.
 * Pure.
 */
import type { TidegateError } from '../../base/errors.ts';
import type { Caller } from '../../calls/caller.ts';
import type { ExtensionCapability } from '../extension.ts';
import { declares, needsExtension } from '../wire/declared.ts';

export const TASKS: ExtensionCapability = { id: 'io.modelcontextprotocol/tasks', settings: {} };

export function knowsTasks(caller: Pick<Caller, 'clientCapabilities'>): boolean {
  return declares(caller, TASKS.id);
}

/** @param what cannot be had otherwise: a method, or a tool */
export function needsTasks(what: string, caller: Pick<Caller, 'clientCapabilities'>): TidegateError {
  return needsExtension(what, TASKS.id, caller);
}
