/** Gives an app's handlers the alarms of its triggers, with the app's authority and in the caller's tenant and name. */
import type { Principal } from '../../base/principal.ts';
import { TidegateError } from '../../base/errors.ts';
import { knownName } from '../../base/known-names.ts';
import type { App } from '../../declare/app.ts';
import type { Alarm, AppAlarms, DeclaredTrigger } from '../../declare/trigger.ts';
import type { Deps } from '../../streams/deps.ts';
import { ofStream, scopeOf } from '../../streams/scope.ts';
import { actOnAlarm } from '../../triggers/alarms/act.ts';
import { listAlarms, type ShownAlarm } from '../../triggers/alarms/list.ts';
import { shownTo } from '../../triggers/alarms/source.ts';
import { alarmStateOf } from '../../triggers/alarms/state.ts';

const MOST = 200;
const STANDING = ['raised', 'acknowledged', 'returned'] as const;

/** Triggers of the app, or of a part of it, that have alarms. */
export function triggersWithAlarms({ triggers }: Pick<App, 'triggers'>): DeclaredTrigger[] {
  return [...triggers.values()].filter(({ alarm }) => alarm !== null);
}

/** @throws TidegateError `not_found`, which names those that there are */
export function findAlarmTrigger(app: Pick<App, 'triggers'>, name: string): DeclaredTrigger {
  const triggers = triggersWithAlarms(app);
  const found = triggers.find((trigger) => trigger.name === name);
  if (found) return found;
  throw noSuchTrigger(triggers, name);
}

export function noSuchTrigger(triggers: readonly DeclaredTrigger[], name: string): TidegateError {
  const names = triggers.map((trigger) => trigger.name);
  const expected = knownName(name, names, 'triggers with alarms');
  return new TidegateError('not_found', `there is no trigger ${name.slice(0, 64)} with alarms`, {
    field: 'trigger',
    expected,
  });
}

export function createAppAlarms(deps: Deps, principal: Principal, deadline: number): AppAlarms {
  const { app, runtime } = deps;
  const scope = scopeOf(deps, principal);
  const { tenant, subject } = principal;
  const shown = (alarm: ShownAlarm): Alarm => {
    const { holds: _holds, acknowledged: _acknowledged, changedAt: _changedAt, ...rest } = shownTo(tenant, alarm);
    return rest;
  };
  return {
    async list({ states = STANDING, severity, trigger, key = null, limit = MOST } = {}) {
      const triggers = trigger === undefined ? triggersWithAlarms(app) : [findAlarmTrigger(app, trigger)];
      const filter = { states: new Set(states), severities: severity ? new Set(severity) : null, key };
      const page = await listAlarms(scope, triggers, filter, { limit: Math.min(limit, MOST), cursor: null });
      return page.alarms.map(shown);
    },
    async act({ trigger: name, key = null, occurrence = null }, { action, note = null, forMs = null }) {
      const trigger = findAlarmTrigger(app, name);
      if (action === 'shelve' && !(Number(forMs) > 0)) {
        const expected = 'for how many ms it is out of sight';
        throw new TidegateError('invalid_input', 'forMs is missing or wrong', { field: 'forMs', expected });
      }
      const asked = { action, key: key ?? null, note, forMs, occurrence: occurrence ?? null };
      const { alarm, changed } = await actOnAlarm(
        ofStream(scope, trigger.log),
        trigger,
        { tenant, subject },
        asked,
        deadline,
      );
      return { alarm: shown({ ...alarm, state: alarmStateOf(alarm, runtime.now()) }), changed };
    },
  };
}
