/** The error for a document that cannot be read. Pure. */
import { TidegateError } from '../../base/errors.ts';

/** An error with the line in which the trouble begins. */
export function unreadable(problem: string, text: string, at: number): TidegateError {
  const line = text.slice(0, at).split(/\r\n|\n|\r/).length;
  return new TidegateError('upstream', `the document ${problem} (line ${line})`, {
    field: 'format',
    expected: 'RSS, RDF or Atom, whole, well-formed and without entities of its own',
  });
}
