/** Tests of messages, by their fields or by a function of the app. Pure. */
import type { Json } from '../../base/json.ts';
import { readPath } from '../../base/json-path.ts';

/** Values by their paths, all of which must be equal (`{ event: 'heartbeat' }`); several of these, of which one must fit; or a function. */
export type MessageTest = FieldTest | readonly FieldTest[] | ((message: unknown) => boolean);
type FieldTest = Readonly<Record<string, string | number | boolean | null>>;

export function messageMatcher(test: MessageTest | undefined): (message: unknown) => boolean {
  if (test === undefined) return () => false;
  if (typeof test === 'function') return test;
  const tests = (Array.isArray(test) ? (test as readonly FieldTest[]) : [test as FieldTest]).map((one) =>
    Object.entries<Json>(one),
  );
  return (message) => tests.some((fields) => fields.every(([path, value]) => readPath(message, path) === value));
}
