/**
 * What is wrong with options in which secrets may stand: what the specification says, and each secret whose name is no variable
 * of the environment, at the place where it stands, however deep.
 */
import type * as z from 'zod';
import type { Problem } from '../problem.ts';
import { secretExpected } from '../secret.ts';
import { specProblems } from './problems.ts';

/** Each of these is judged by itself, once. */
const DECLARED = new Set<unknown>(['api', 'feed', 'route']);

/** As `specProblems`. Of a secret that is named wrong nothing else is told. */
export function optionProblems(spec: z.ZodType, options: unknown, path = ''): Problem[] {
  const misnamed = misnamedWithin(options, path);
  const others = specProblems(spec, options, path).filter(
    (problem) => !misnamed.some((wrong) => wrong.path === problem.path || wrong.path.startsWith(`${problem.path}.`)),
  );
  return [...others, ...misnamed];
}

function misnamedWithin(value: unknown, path: string): Problem[] {
  if (typeof value !== 'object' || value === null) return [];
  const expected = secretExpected(value);
  if (expected !== null) return [{ path, expected }];
  const isPlain = Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
  if (!isPlain) return [];
  return Object.entries(value).flatMap(([name, part]: [string, unknown]) =>
    isDeclared(part) ? [] : misnamedWithin(part, path === '' ? name : `${path}.${name}`),
  );
}

function isDeclared(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'kind' in value && DECLARED.has(value.kind);
}
