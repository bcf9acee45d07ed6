/** A stream of the app by name or by its declaration, and the refusal of keys where it has none. */
import type { App } from '../declare/app.ts';
import type { DeclaredStream, Stream } from '../declare/stream.ts';
import { TidegateError } from '../base/errors.ts';

/** @throws TidegateError `not_found` that names the streams there are. */
export function findStream(app: App, ref: string | Stream<unknown>): DeclaredStream {
  const found =
    typeof ref === 'string'
      ? app.streams.get(ref)
      : [...app.streams.values()].find(({ declaration }) => declaration === ref);
  if (found) return found;
  const asked = typeof ref === 'string' ? ref : 'that declaration';
  throw new TidegateError('not_found', `there is no stream ${asked}`, {
    field: 'stream',
    expected: `one of ${[...app.streams.keys()].join(', ') || '(none is declared)'}`,
  });
}

/** Why a read that names keys is refused of a stream that declares none. */
export function withoutKeys({ name }: DeclaredStream, field: 'key' | 'keys' | 'after'): TidegateError {
  return new TidegateError('invalid_input', `the events of ${name} have no keys`, {
    field,
    expected: 'to be left out',
  });
}
