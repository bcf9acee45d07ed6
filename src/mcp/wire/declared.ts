/** Whether a caller declared an extension, and the error for a caller that had to. Pure. */
import { TidegateError } from '../../base/errors.ts';
import type { Caller } from '../../calls/caller.ts';

/** A client declares its extensions with each request. One request says nothing of the next. */
export function declares({ clientCapabilities }: Pick<Caller, 'clientCapabilities'>, extension: string): boolean {
  const extensions = clientCapabilities?.extensions;
  if (typeof extensions !== 'object' || extensions === null || Array.isArray(extensions)) return false;
  const declared = extensions[extension];
  return declared !== undefined && declared !== null;
}

/** @param what cannot be had otherwise: a method, or a tool */
export function needsExtension(
  what: string,
  extension: string,
  { clientCapabilities }: Pick<Caller, 'clientCapabilities'>,
): TidegateError {
  if (clientCapabilities === null) {
    return new TidegateError('not_supported', `${what} needs protocol version 2026-07-28, with ${extension}`);
  }
  return new TidegateError('missing_capability', `${what} needs a client that declares ${extension}`, {
    requiredCapabilities: { extensions: { [extension]: {} } },
  });
}
