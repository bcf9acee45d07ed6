/** What actions on one stream share: its name as an input, finding it, and that nobody changes the audit log. */
import * as z from 'zod';
import { isAuditLog } from '../../auth/audit/stream.ts';
import { TidegateError } from '../../base/errors.ts';
import type { DeclaredStream } from '../../declare/stream.ts';
import { findStream } from '../../streams/find-stream.ts';
import { ofStream, scopeOf, type Scope, type StreamScope } from '../../streams/scope.ts';
import type { RecordKey } from '../../store/store.ts';
import { pushedKey } from '../../streams/log/publish-many.ts';
import type { WorkDeps } from '../../calls/events/delivery-deps.ts';
import type { OperateContext } from '../action.ts';
import { checkReach } from '../shared.ts';

export const NameOfStream = z.string().min(1).max(64).describe('Name of a stream');

export interface NamedStream {
  stream: DeclaredStream;
  scope: Scope<WorkDeps>;
  /** The scope in whose tenant's name its log stands. */
  own: StreamScope<WorkDeps>;
}

/** The record that says that a piece of a file was imported. */
export function importKey({ tenant }: { tenant: string }, stream: string, piece: string): RecordKey {
  return pushedKey({ tenant, subject: 'import' }, stream, piece);
}

/** @throws TidegateError `not_found` */
export function streamNamed({ deps, tenant }: OperateContext, name: string): NamedStream {
  const stream = findStream(deps.app, name);
  const scope = scopeOf(deps, { tenant });
  return { stream, scope, own: ofStream(scope, stream) };
}

/** The same, to be changed. @throws TidegateError `not_found`; `invalid_input` for the audit log, and where others have it too */
export function changeableStream(context: OperateContext, name: string): NamedStream {
  const found = streamNamed(context, name);
  checkReach(context, found.stream, 'stream');
  if (isAuditLog(found.stream)) {
    throw new TidegateError(
      'invalid_input',
      `the audit log ${name} is kept as it is: nobody writes to it or removes from it`,
      {
        field: 'stream',
        expected: 'a stream of the app',
      },
    );
  }
  return found;
}
