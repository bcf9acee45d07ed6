/** Lists alarms: of each trigger by its keys, in pages. What is shown is as it stands now, whether a shelf's end was stored or not. */
import { TidegateError } from '../../base/errors.ts';
import { fromBase64Url, toBase64Url } from '../../base/base64url.ts';
import type { DeclaredTrigger, Severity } from '../../declare/trigger.ts';
import { LIST_LIMIT } from '../../store/limits.ts';
import type { Deps } from '../../streams/deps.ts';
import { ofStream, type Scope } from '../../streams/scope.ts';
import { alarmKey, alarmPartition, alarmRecord } from './records.ts';
import { type AlarmState, alarmStateOf, type AlarmStatus } from './state.ts';

interface AlarmFilter {
  states: ReadonlySet<AlarmState>;
  /** Null: all. */
  severities: ReadonlySet<Severity> | null;
  key: string | null;
}

export interface ShownAlarm extends AlarmStatus {
  state: AlarmState;
}

interface AlarmPage {
  alarms: ShownAlarm[];
  /** Give it to read on; null: there are no more. */
  cursor: string | null;
}

/** Records that one call looks at; then it answers what it has. */
const MOST_SCANNED = 1_000;

/**
 * One store call for each trigger and 100 alarms of it; one for each trigger where a key is named.
 * @param triggers that the caller may see, in the order of the list
 * @throws TidegateError `bad_cursor`
 */
export async function listAlarms(
  scope: Scope<Pick<Deps, 'store' | 'runtime'>>,
  triggers: readonly DeclaredTrigger[],
  filter: AlarmFilter,
  { limit, cursor }: { limit: number; cursor: string | null },
): Promise<AlarmPage> {
  const { store, runtime } = scope;
  const from = cursor === null ? { trigger: triggers[0]?.name ?? '', after: null } : decoded(cursor);
  const begin = triggers.findIndex(({ name }) => name === from.trigger);
  const alarms: ShownAlarm[] = [];
  if (begin < 0) return { alarms, cursor: null };
  let scanned = 0;
  for (const [index, trigger] of triggers.slice(begin).entries()) {
    const { tenant } = ofStream(scope, trigger.log);
    const now = runtime.now();
    if (filter.key !== null) {
      const alarm = alarmRecord.read(await store.get(alarmKey(tenant, trigger.name, filter.key), now));
      if (alarm !== null) add(alarms, alarm, filter, now);
      continue;
    }
    let after = index === 0 ? from.after : null;
    do {
      const asked = { now, limit: Math.min(LIST_LIMIT, 100), ...(after === null ? {} : { after }) };
      const page = await store.list(alarmPartition(tenant, trigger.name), asked);
      for (const reading of page.records) {
        const alarm = alarmRecord.read(reading);
        if (alarm !== null) add(alarms, alarm, filter, now);
        if (alarms.length >= limit) return { alarms, cursor: encoded(trigger.name, reading.id) };
      }
      scanned += page.records.length;
      after = page.next;
      if (scanned >= MOST_SCANNED && after !== null) return { alarms, cursor: encoded(trigger.name, after) };
    } while (after !== null);
  }
  return { alarms, cursor: null };
}

/** One store call. Null: there is none. */
export async function readAlarm(
  scope: Scope<Pick<Deps, 'store' | 'runtime'>>,
  trigger: DeclaredTrigger,
  key: string | null,
): Promise<ShownAlarm | null> {
  const now = scope.runtime.now();
  const { tenant } = ofStream(scope, trigger.log);
  const alarm = alarmRecord.read(await scope.store.get(alarmKey(tenant, trigger.name, key), now));
  return alarm && { ...alarm, state: alarmStateOf(alarm, now) };
}

function add(alarms: ShownAlarm[], alarm: AlarmStatus, { states, severities }: AlarmFilter, now: number): void {
  const state = alarmStateOf(alarm, now);
  if (states.has(state) && (severities?.has(alarm.severity) ?? true)) alarms.push({ ...alarm, state });
}

function encoded(trigger: string, after: string): string {
  return toBase64Url(new TextEncoder().encode(JSON.stringify([trigger, after])));
}

function decoded(cursor: string): { trigger: string; after: string | null } {
  const bytes = fromBase64Url(cursor);
  try {
    const [trigger, after] = JSON.parse(new TextDecoder().decode(bytes ?? new Uint8Array())) as unknown[];
    if (typeof trigger === 'string' && typeof after === 'string') return { trigger, after };
  } catch {
    // It is no JSON either.
  }
  const expected = 'the cursor that the page before answered';
  throw new TidegateError('bad_cursor', 'the cursor cannot be used: it is of no list of alarms', {
    field: 'cursor',
    expected,
  });
}
