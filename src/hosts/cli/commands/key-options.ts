/** Reads what a new key is to be from the options of `tidegate keys create`, and doubts scopes that nothing asks for by name. Pure. */
import { TidegateError } from '../../../base/errors.ts';
import { meantName } from '../../../base/known-names.ts';
import {
  ADMIN_READ,
  ADMIN_SCOPE,
  ALARMS_READ,
  ALARMS_WRITE,
  alarmScope,
  EVENTS_SCOPE,
  EVERY_SCOPE,
  isGranted,
  publishScope,
  readScope,
  TASKS_SCOPE,
} from '../../../base/scopes.ts';
import { DURATION_EXPECTED, parseDuration, parseTime } from '../../../base/time/time-text.ts';
import type { App } from '../../../declare/app.ts';

/** What a key may do that is not told what it may do. */
const USUAL_SCOPES: readonly string[] = [readScope(), TASKS_SCOPE];
export const USUAL_EXPIRY = '90d';

/**
 * @param text `never`, a duration from now on, or a time
 * @returns epoch ms; null: never
 * @throws TidegateError `invalid_input`
 */
export function readExpiry(text: string, now: number): number | null {
  if (text === 'never') return null;
  const duration = parseDuration(text);
  const at = duration === null ? parseTime(text, now, '--expires') : now + duration;
  if (at > now) return at;
  const expected = `a time to come: never, ${DURATION_EXPECTED}, or a date`;
  throw new TidegateError('invalid_input', `--expires ${text}: expected ${expected}`, { field: '--expires', expected });
}

/** Each option may hold several, as a token's `scope` does. */
export function readScopes(given: readonly string[]): readonly string[] {
  const scopes = given.flatMap((text) => text.split(/[\s,]+/)).filter((one) => one !== '');
  return given.length === 0 ? USUAL_SCOPES : scopes;
}

/** @throws TidegateError `invalid_input` where there are any: a key that was mistyped would stay valid. @param lines of `doubtedScopes` */
export function refuseDoubted(lines: readonly string[]): void {
  if (lines.length === 0) return;
  throw new TidegateError('invalid_input', lines.join('; '), {
    field: '--scope',
    expected: 'scopes that the app asks for by name; --yes where these are meant, or are for a later version of it',
    hint: 'no key was made',
  });
}

/**
 * A line for each scope that nothing of this app asks for by its name. It may be meant for a later version of it, and may open much: a
 * scope grants those below it.
 */
export function doubtedScopes(scopes: readonly string[], app: App): string[] {
  const known = scopesOfApp(app);
  return scopes.flatMap((scope) => {
    if (known.includes(scope)) return [];
    const below = known.filter((one) => isGranted([scope], one));
    const broad = below.filter((one) => !below.some((other) => one !== other && isGranted([other], one)));
    if (broad.length > 0)
      return [`the scope ${scope} opens ${broad.join(', ')} and all that is below, of the app ${app.name}`];
    const near = meantName(scope, known);
    const meant = near === null ? '' : `: did you mean ${near}?`;
    return [`the scope ${scope} opens nothing of the app ${app.name}${meant}`];
  });
}

function scopesOfApp({ streams, feeds, tools, tasks, triggers, resources, prompts }: App): string[] {
  const declared = [tools, tasks, triggers, resources, prompts].flatMap((things) =>
    [...things.values()].flatMap(({ scopes = [] }) => scopes),
  );
  return [
    EVERY_SCOPE,
    TASKS_SCOPE,
    EVENTS_SCOPE,
    ADMIN_SCOPE,
    ADMIN_READ,
    readScope(),
    publishScope(),
    ...[...streams.keys()].flatMap((name) => [readScope(name), publishScope(name)]),
    ...[...feeds.keys()].map((name) => publishScope(name)),
    ...alarmScopes([...triggers.values()].flatMap(({ name, alarm }) => (alarm === null ? [] : [name]))),
    ...declared,
  ];
}

/** None where no trigger has alarms. */
function alarmScopes(names: readonly string[]): string[] {
  const does = [ALARMS_READ, ALARMS_WRITE] as const;
  return names.length === 0 ? [] : [...does, ...does.flatMap((each) => names.map((name) => alarmScope(each, name)))];
}
