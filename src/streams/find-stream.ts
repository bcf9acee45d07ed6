/** Finds a stream of the app by its name or its declaration, and makes the error for keys of a stream that has none. */
import type { App } from '../declare/app.ts';
import type { DeclaredStream, Stream } from '../declare/stream.ts';
import { TidegateError } from '../base/errors.ts';
import { knownName } from '../base/known-names.ts';

/** @throws TidegateError `not_found`, which names the streams that are declared. */
export function findStream(app: App, ref: string | Stream<unknown>): DeclaredStream {
  const found =
    typeof ref === 'string'
      ? app.streams.get(ref)
      : [...app.streams.values()].find(({ declaration }) => declaration === ref);
  if (found) return found;
  const names = [...app.streams.keys()];
  if (typeof ref !== 'string') {
    throw new TidegateError('not_found', 'the app does not declare the stream that was given', {
      field: 'stream',
      expected: `a stream under streams of defineApp, or one of their names: ${names.join(', ')}`,
    });
  }
  throw new TidegateError('not_found', `there is no stream ${ref.slice(0, 64)}`, {
    field: 'stream',
    expected: knownName(ref, names, 'streams'),
  });
}

/** The error for a read that names keys, of a stream that declares no key. */
export function withoutKeys({ name }: DeclaredStream, field: string): TidegateError {
  return new TidegateError('invalid_input', `the events of ${name} have no keys`, {
    field,
    expected: 'to be left out',
  });
}
