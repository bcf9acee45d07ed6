/**
 * Turns the declarations of triggers into the form that all other code uses. It collects mistakes and does not throw them. This
 * file is pure.
 */
import * as z from 'zod';
import type { AppOptions } from '../app.ts';
import type { Problem } from '../problem.ts';
import { ALARMS_WRITE, alarmScope } from '../../base/scopes.ts';
import { knownName } from '../../base/known-names.ts';
import { isBroken, specProblems } from '../spec/problems.ts';
import { withDefaults } from '../spec/options.ts';
import { triggerSpec } from '../spec/trigger.ts';
import { type DeclaredStream, stream } from '../stream.ts';
import { type DeclaredTrigger, SEVERITIES, type Trigger } from '../trigger.ts';
import { declareStream } from './stream.ts';
import { triggerConditionProblems } from './trigger-condition.ts';

/** How much of a log of occurrences is kept by default. */
const KEPT = { events: 10_000, ageMs: 30 * 86_400_000 };

export function declareTriggers(
  { triggers = {}, tasks = {} }: Pick<AppOptions, 'triggers' | 'tasks'>,
  streams: ReadonlyMap<string, DeclaredStream>,
  problems: Problem[],
): Map<string, DeclaredTrigger> {
  const declared = new Map<string, DeclaredTrigger>();
  for (const [name, declaration] of Object.entries(triggers)) {
    const path = `triggers.${name}`;
    if ((declaration as Partial<Trigger> | null)?.kind !== 'trigger') {
      problems.push({ path, expected: 'trigger({ description, on, when, … })' });
      continue;
    }
    problems.push(...specProblems(triggerSpec, declaration, path));
    if (isBroken(problems, `${path}.on`)) continue;
    const on = watchedBy(declaration, streams, path, problems);
    const task = declaration.starts?.task;
    if (task !== undefined && !isBroken(problems, `${path}.starts`) && !Object.hasOwn(tasks, task)) {
      problems.push({ path: `${path}.starts.task`, expected: knownName(task, Object.keys(tasks), 'tasks') });
    }
    if (!isBroken(problems, `${path}.when`) && !isBroken(problems, `${path}.on`)) {
      const watched = [...on].flatMap(([called, of]) => {
        const found = streams.get(of);
        return found ? [[called, found] as const] : [];
      });
      problems.push(...triggerConditionProblems(declaration.when, new Map(watched), `${path}.when`));
    }
    if (!isBroken(problems, path)) declared.set(name, declaredTrigger(name, declaration, on, streams));
  }
  return declared;
}

function watchedBy(
  { on }: Trigger,
  streams: ReadonlyMap<string, DeclaredStream>,
  path: string,
  problems: Problem[],
): Map<string, string> {
  const watched = new Map<string, string>();
  const named = typeof on === 'object' && 'kind' in on ? [on] : null;
  const refs = typeof on === 'string' || named ? { '': named?.[0] ?? on } : on;
  for (const [called, ref] of Object.entries(refs)) {
    const at = called === '' ? `${path}.on` : `${path}.on.${called}`;
    const found =
      typeof ref === 'string' ? streams.get(ref) : [...streams.values()].find((each) => each.declaration === ref);
    if (found) watched.set(called === '' ? found.name : called, found.name);
    else {
      const names = [...streams.keys()];
      const expected = typeof ref === 'string' ? knownName(ref, names, 'streams') : 'a stream that the app declares';
      problems.push({ path: at, expected });
    }
  }
  return watched;
}

function declaredTrigger(
  name: string,
  declaration: Trigger,
  on: ReadonlyMap<string, string>,
  streams: ReadonlyMap<string, DeclaredStream>,
): DeclaredTrigger {
  const { cooldownMs, lateMs } = withDefaults(triggerSpec, declaration);
  const watched = [...on.values()].flatMap((each) => streams.get(each) ?? []);
  const tenants = watched.every((each) => each.tenants === 'shared') ? 'shared' : 'each';
  const payload = declaration.payload?.schema ?? DEFAULT_PAYLOAD;
  const { title = name, description, scopes = [], alarm, starts = null, retention } = declaration;
  return {
    name,
    declaration,
    title,
    description,
    scopes,
    on,
    when: declaration.when,
    tenants,
    log: logOf(name, declaration, { tenants, payload, retention: { ...KEPT, ...retention } }),
    payload,
    cooldownMs,
    lateMs,
    tellsEnds: alarm !== undefined,
    alarm: alarm === undefined ? null : { severity: 'warning', clears: true, ...alarm },
    starts: starts && { for: alarm === undefined ? [] : [alarmScope(ALARMS_WRITE, name)], ...starts },
  };
}

const DEFAULT_PAYLOAD = z.object({
  key: z.string().nullable(),
  value: z.number().nullable().describe('The number that decided'),
  event: z.json().describe('Data of the newest event; null where time alone decided'),
});

function logOf(
  name: string,
  { title = name, description }: Trigger,
  kept: { tenants: DeclaredStream['tenants']; payload: z.ZodType; retention: { events: number; ageMs: number } },
): DeclaredStream {
  const schema = z.object({
    became: z.enum(['holding', 'ceased']),
    title: z.string(),
    value: z.number().nullable(),
    events: z.array(z.custom<object>()),
    payload: kept.payload,
    severity: z.enum(SEVERITIES).optional(),
  });
  const made = declareStream(
    `trigger.${name}`,
    stream({ title, description, schema: z.json(), tenants: kept.tenants, retention: kept.retention }),
    [],
  );
  if (made === null) throw new Error(`the log of the trigger ${name} cannot be declared`);
  return { ...made, schema, keyed: true };
}
