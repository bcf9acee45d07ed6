/**
 * Notices a source that leads in a circle, from page to page or from cursor to cursor. Pure, but for fingerprints.
 *
 * Within a burst every place that was asked for is known. From burst to burst the position remembers one of them. It is replaced
 * by a later one whenever their number has doubled (Brent's algorithm), so a circle of any length is noticed after at most three times
 * its length.
 */
import { TidegateError } from '../../base/errors.ts';
import type { Json } from '../../base/json.ts';
import { fingerprint, type Way } from './position.ts';

interface Step {
  /** Where the source was asked to go on; null at the beginning. */
  from: Json;
  /** Where its answer leads. */
  to: Json;
  /** Fingerprints of the places that this burst asked for. Both of these are added. */
  asked: Set<string>;
  source: string;
  /** The option that says where the source leads. */
  field: 'pages' | 'cursor';
}

/** @throws TidegateError `upstream` where the source was asked for that place before */
export async function stepOnward(before: Way | null, { from, to, asked, source, field }: Step): Promise<Way> {
  const mark = await fingerprint(JSON.stringify(to));
  if (from !== null) asked.add(await fingerprint(JSON.stringify(from)));
  if (asked.has(mark) || before?.seen === mark) {
    throw new TidegateError('upstream', `${source} answered a cursor that it was asked for before`, {
      field,
      expected: 'another cursor with each page, and none with the last',
    });
  }
  asked.add(mark);
  const count = (before?.count ?? 0) + 1;
  return { count, seen: before === null || Number.isInteger(Math.log2(count)) ? mark : before.seen };
}
