/** Whether a path by which a feed goes on can be meant, by the first body that it is looked for in. Pure. */
import { TidegateError } from '../../base/errors.ts';
import { describeShape, readPath } from '../../base/json-path.ts';
import { nearestName } from '../../base/known-names.ts';

/**
 * A source leaves out where it goes on when there is no more, some of them with what it stands in. A path that is near a name which is there
 * is a mistake, by which the first page would be read for ever; and so is that of a cursor whose beginning is nowhere.
 * @throws TidegateError `upstream`
 */
export function checkPath(field: string, path: string, body: unknown, source: string): void {
  if (readPath(body, path) !== undefined) return;
  const names = path.split('.');
  const name = names.pop() ?? '';
  const holder = names.length === 0 ? body : readPath(body, names.join('.'));
  const near = isHolder(holder) ? nearestName(name, Object.keys(holder), 2) : null;
  if (near === null && (isHolder(holder) || holder === null || field !== 'cursor.from')) return;
  const meant = near === null ? '' : ` (did you mean ${[...names, near].join('.')}?)`;
  throw new TidegateError('upstream', `${source}: ${path} is missing${meant}; the body is ${describeShape(body)}`, {
    field,
    expected: 'a path to where the source says how to go on',
  });
}

function isHolder(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
