/** Whether a caller declared an extension, and the error for one that had to and did not. Pure. */
import { TidegateError } from '../../base/errors.ts';
import type { Caller } from '../../calls/caller.ts';

/** A client declares what it knows with each request; one request says nothing of the next. */
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
