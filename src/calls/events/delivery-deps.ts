/** What deliveries work with on every host: what callers may subscribe to, what they may do by now, and how tasks begin. */
import { keyAt, keyRecord, keyStateAt } from '../../auth/keys/key-record.ts';
import { KEY_PREFIX } from '../../auth/keys/key-text.ts';
import { keysOf, listKeys } from '../../auth/keys/manage.ts';
import { TidegateError } from '../../base/errors.ts';
import type { Json } from '../../base/json.ts';
import { knownName } from '../../base/known-names.ts';
import { fixedPrincipal, type Principal } from '../../base/principal.ts';
import { isUnrestricted } from '../../base/scopes.ts';
import { createSealer, type Secrets } from '../../base/seal.ts';
import { specProblems } from '../../declare/spec/problems.ts';
import type { Task } from '../../declare/task.ts';
import { grantedTo } from '../granted.ts';
import type { DeliveryDeps } from '../../deliveries/records/deps.ts';
import { sourcesIn } from '../../deliveries/work/rights.ts';
import { type EventSource, eventSources } from '../../streams/sources/sources.ts';
import { misfitOf } from './task-fit.ts';
import { createTask } from '../../tasks/work/create.ts';
import type { TaskDeps } from '../../tasks/records/find-task.ts';

/** Most texts of scopes of which it is kept what they may subscribe to. */
const MOST_TEXTS = 64;

/** What works without a request works with this. */
export interface WorkDeps extends TaskDeps {
  /** What is sealed that is kept of subscribers. Absent, null: nothing is. */
  secrets?: Secrets | null;
}

/** Nothing is delivered for callers whom nobody knows. */
export function hasDeliveries({ app, isOpen }: Pick<WorkDeps, 'app' | 'isOpen'>): boolean {
  return isOpen === false && app.streams.size > 0;
}

export function deliveryDeps(deps: WorkDeps): DeliveryDeps {
  const { app, secrets = null } = deps;
  const known = new Map<string, ReadonlyMap<string, EventSource>>();

  function taskOf({ scopes }: Pick<Principal, 'scopes'>, name: string): Task {
    const { tasks } = isUnrestricted(scopes) ? app : grantedTo(app, scopes).app;
    const task = tasks.get(name);
    if (task === undefined) {
      throw new TidegateError('not_found', `There is no task ${name.slice(0, 80)}`, {
        field: 'target.task',
        expected: knownName(name, [...tasks.keys()], 'tasks'),
      });
    }
    if (task.prepare === null || task.prepare === undefined) return task;
    throw new TidegateError('not_supported', `The task ${name} asks before it begins, and here is nobody to ask`, {
      field: 'target.task',
      expected: 'a task that begins without a question',
    });
  }

  return {
    ...deps,
    sealer: secrets === null ? null : createSealer(secrets, `${app.name}/webhook`),
    sourcesOf({ scopes }) {
      if (isUnrestricted(scopes)) return sourcesIn(app);
      const text = JSON.stringify(scopes);
      const sources = known.get(text) ?? eventSources(grantedTo(app, scopes).app);
      if (known.size >= MOST_TEXTS) known.clear();
      known.set(text, sources);
      return sources;
    },
    rightsOf: (principal) => rightsByKey(deps, principal),
    isAskedAgain: isByKey,
    checkTask(principal, name, source) {
      const { input } = taskOf(principal, name);
      const misfit = input === undefined ? null : misfitOf(input, source);
      if (misfit === null) return;
      throw new TidegateError(
        'invalid_input',
        `The task ${name} cannot begin with events of ${source.name}: ${misfit}`,
        {
          field: 'target.task',
          expected: 'a task whose input takes the event as it is delivered',
          hint: 'the app can begin it by `starts` of a trigger, with an `input` of its own',
        },
      );
    },
    async beginTask(principal, name, given, once, deadline) {
      const task = taskOf(principal, name);
      const input = inputOf(task, name, given);
      const { scopes: needs } = task;
      const { taskId } = await createTask(deps, { principal, task: name, input, once, needs, deadline, leaseMs: null });
      deps.begun?.(principal.tenant, taskId);
    },
  };
}

/** What the task's schema makes of an event. @throws TidegateError `invalid_input` naming what it does not take */
function inputOf({ input: schema }: Task, name: string, given: Json): Json {
  if (schema === undefined) return {};
  const parsed = schema.safeParse(given);
  if (parsed.success) return JSON.parse(JSON.stringify(parsed.data)) as Json;
  const [problem] = specProblems(schema, given, 'input');
  const { path = 'input', expected = 'what its input takes' } = problem ?? {};
  throw new TidegateError('invalid_input', `the task ${name} does not take the event: ${path}: expected ${expected}`, {
    field: path,
    expected,
  });
}

function isByKey(principal: Pick<Principal, 'client'>): principal is Principal & { client: string } {
  return principal.client?.startsWith(KEY_PREFIX) === true;
}

/**
 * What a key may do now. A key that was revoked or has expired may have another of its name in its place. What came by another way
 * than a key of ours cannot be asked for, and ends when it is not refreshed. One store call for a key, and more where it is no longer valid.
 */
async function rightsByKey(deps: WorkDeps, principal: Principal): Promise<Principal | null> {
  const { store, runtime } = deps;
  if (!isByKey(principal)) return principal;
  const { client, tenant, subject } = principal;
  const record = keyRecord.read(await store.get(keyAt(client.slice(KEY_PREFIX.length)), runtime.now()));
  // Clients of an issuer, and of an app's own way to know callers, may be called like a key.
  const [own] = record === null ? [] : await keysNamed([record], principal);
  if (own !== undefined && keyStateAt(own, runtime.now()) === 'valid') {
    return fixedPrincipal({ ...principal, scopes: own.scopes });
  }
  const others = await keysNamed(await listKeys(deps), principal);
  const other = others.find((key) => key.state === 'valid');
  return other ? fixedPrincipal({ tenant, subject, client: `${KEY_PREFIX}${other.id}`, scopes: other.scopes }) : null;
}

/** The keys by which the same principal may come. */
async function keysNamed<Key extends { tenant: string; name: string }>(
  keys: readonly Key[],
  { tenant, subject }: Principal,
): Promise<Key[]> {
  return (await keysOf(keys, tenant)).filter(({ name }) => name === subject);
}
