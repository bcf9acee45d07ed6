/**
 * Finds the mistakes of a trigger's condition, each with its path: in its shape, in what its streams do not have, and in how its
 * parts are joined, because a condition whose parts never meet would wait for ever. Pure.
 */
import * as z from 'zod';
import { knownName } from '../../base/known-names.ts';
import type { Condition, WindowAggregate } from '../condition.ts';
import type { Problem } from '../problem.ts';
import { shown, specProblems } from '../spec/problems.ts';
import type { DeclaredStream } from '../stream.ts';
import { streamProblems } from './condition.ts';
import { aggregateSchema, CONDITION_BYTES, conditionProblems, lengthSchema } from './condition-schema.ts';

/** Most conditions that one is made of, and how deep they stand in one another. */
const MOST_PARTS = 20;
const MOST_DEPTH = 5;
const SIMPLE = ['threshold', 'change', 'rate', 'absence', 'match', 'count', 'aggregate'];
const KINDS = [...SIMPLE, 'all', 'any', 'sequence', 'missing'];
/** Those that look at all keys together unless they say otherwise. */
const TOGETHER = new Set(['absence', 'count']);

/** A condition within another: any object, which is judged by itself. */
const within = () => z.custom<object>((value) => typeof value === 'object' && value !== null, 'a condition');
const joinSpec = z.strictObject({
  kind: z.enum(['all', 'any']),
  of: z
    .array(within(), { error: 'a list of conditions' })
    .min(2, { error: `a list of 2 to ${MOST_PARTS} conditions` })
    .max(MOST_PARTS, { error: `a list of 2 to ${MOST_PARTS} conditions` }),
});
const pairSpec = z.strictObject({
  kind: z.enum(['sequence', 'missing']),
  first: within(),
  next: within(),
  withinMs: lengthSchema,
});

/** How a part looks at keys: each by itself, or all together; and of which key alone. */
interface Looks {
  path: string;
  perKey: boolean;
  key: string | null;
  keyed: boolean;
}

/** @param on the streams by what the condition calls them */
export function triggerConditionProblems(
  value: unknown,
  on: ReadonlyMap<string, DeclaredStream>,
  path: string,
): Problem[] {
  const problems: Problem[] = [];
  let parts = 0;

  function judge(given: unknown, at: string, depth: number): Looks | null {
    const kind = kindOf(given, at, problems);
    if (kind === null) return null;
    if (depth > MOST_DEPTH) {
      problems.push({ path: at, expected: `at most ${MOST_DEPTH} conditions in one another` });
      return null;
    }
    if (SIMPLE.includes(kind)) return judgeSimple(given as object, at);
    const spec = kind === 'all' || kind === 'any' ? joinSpec : pairSpec;
    const wrong = specProblems(spec, given, at);
    problems.push(...wrong);
    if (wrong.length > 0) return null;
    const of =
      'of' in (given as object)
        ? (given as { of: unknown[] }).of.map((part, index) => judge(part, `${at}.of.${index}`, depth + 1))
        : [
            judge((given as { first: unknown }).first, `${at}.first`, depth + 1),
            judge((given as { next: unknown }).next, `${at}.next`, depth + 1),
          ];
    const looks = of.flatMap((each) => each ?? []);
    if (looks.length < of.length) return null;
    return joined(kind, looks, at);
  }

  function judgeSimple(given: object, at: string): Looks | null {
    parts += 1;
    if (parts === MOST_PARTS + 1) problems.push({ path, expected: `at most ${MOST_PARTS} conditions in all` });
    const { on: called, ...condition } = given as { on?: unknown; kind: string };
    const stream = streamOf(called, at);
    const shape =
      condition.kind === 'aggregate' ? specProblems(aggregateSchema, condition, at) : conditionProblems(condition, at);
    problems.push(...shape);
    if (stream === null || shape.length > 0) return null;
    const judged = condition as unknown as Condition | WindowAggregate;
    problems.push(...streamProblems(judged, stream, at));
    const { key, perKey = !TOGETHER.has(judged.kind) } = judged;
    return { path: at, perKey, key: typeof key === 'string' ? key : null, keyed: stream.keyed };
  }

  function streamOf(called: unknown, at: string): DeclaredStream | null {
    const names = [...on.keys()];
    if (called === undefined && on.size === 1) return [...on.values()][0] ?? null;
    const found = typeof called === 'string' ? on.get(called) : undefined;
    if (found !== undefined) return found;
    const expected =
      typeof called === 'string' ? knownName(called, names, 'streams') : `which stream it is of: ${names.join(', ')}`;
    const given = called === undefined ? null : shown(called);
    problems.push({ path: `${at}.on`, expected, ...(given === null ? {} : { found: given }) });
    return null;
  }

  function joined(kind: string, looks: readonly Looks[], at: string): Looks | null {
    const each = looks.filter(({ perKey }) => perKey);
    const [first] = each;
    if (kind === 'any' && each.length > 0 && each.length < looks.length) {
      const other = looks.find(({ perKey }) => !perKey);
      problems.push({
        path: `${other?.path ?? at}.perKey`,
        expected: `true, as of ${first?.path ?? at}: parts of any look all at each key, or all at all keys together`,
      });
      return null;
    }
    // Events without keys, and those of another key, never meet.
    const odd = each.find(({ keyed, key }) => {
      return keyed !== first?.keyed || (key !== null && first.key !== null && key !== first.key);
    });
    if (kind !== 'any' && odd !== undefined && first !== undefined) {
      const why = odd.keyed === first.keyed ? 'the two look at different keys' : 'the events of one have no keys';
      problems.push({
        path: `${odd.path}.perKey`,
        expected: `false, because it would never meet ${first.path}: ${why}`,
      });
      return null;
    }
    const key = new Set(looks.map((look) => look.key)).size === 1 ? (looks[0]?.key ?? null) : null;
    return { path: at, perKey: each.length > 0, key, keyed: first?.keyed ?? true };
  }

  judge(value, path, 1);
  if (problems.length === 0 && JSON.stringify(value).length > CONDITION_BYTES) {
    problems.push({ path, expected: `at most ${CONDITION_BYTES} bytes of JSON` });
  }
  return problems;
}

function kindOf(given: unknown, path: string, problems: Problem[]): string | null {
  const { kind } = (typeof given === 'object' && given !== null ? given : {}) as { kind?: unknown };
  if (typeof kind === 'string' && KINDS.includes(kind)) return kind;
  const found = shown(kind);
  const expected = typeof kind === 'string' ? knownName(kind, KINDS) : `one of ${KINDS.join(', ')}`;
  problems.push({ path: `${path}.kind`, expected, ...(kind === undefined || found === null ? {} : { found }) });
  return null;
}
