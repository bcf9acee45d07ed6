/** Triggers of a tenant, as a tool. `tidegate triggers` lists them in its own way, and tries them over the past. */
import * as z from 'zod';
import { isoTime } from '../../base/time/time-text.ts';
import { scopeOf } from '../../streams/scope.ts';
import { readTriggers } from '../../triggers/list.ts';
import { operatorAction } from '../action.ts';
import { ago, table } from '../table.ts';

const Row = z.object({
  trigger: z.string(),
  streams: z.array(z.string()),
  fired: z.number(),
  late: z.number().describe('Events that came too late to be judged'),
  broken: z.number().describe('Moments in which a function of the app broke'),
  lastAt: z.string().nullable(),
  lastTitle: z.string().nullable(),
  judgedAt: z.string().nullable().describe('When its state was last stored; null: never'),
});

export const triggersList = operatorAction({
  noun: 'triggers',
  verb: 'list',
  description: 'The triggers, with how often each fired, and when it did last.',
  input: z.strictObject({}),
  only: 'tool',
  output: z.object({ triggers: z.array(Row) }),
  effect: 'reads',
  each: 'triggers',
  async run(_input, { deps, tenant }) {
    const states = await readTriggers(scopeOf(deps, { tenant }), [...deps.app.triggers.values()]);
    const triggers = states.map(({ trigger, stored }) => ({
      trigger: trigger.name,
      streams: [...new Set(trigger.on.values())],
      fired: stored?.counts.holding ?? 0,
      late: stored?.counts.late ?? 0,
      broken: stored?.counts.broken ?? 0,
      lastAt: stored?.last == null ? null : isoTime(stored.last.time),
      lastTitle: stored?.last?.title ?? null,
      judgedAt: stored === null ? null : isoTime(stored.storedAt),
    }));
    return { triggers };
  },
  lines({ triggers }, now, width) {
    if (triggers.length === 0) return ['The app declares no triggers.'];
    const rows = triggers.map(({ trigger, streams, fired, late, broken, lastAt, lastTitle }) => [
      trigger,
      streams.join(', '),
      String(fired),
      lastAt === null ? '' : `${ago(Date.parse(lastAt), now)}, ${lastTitle ?? ''}`,
      String(late),
      String(broken),
    ]);
    return table([['TRIGGER', 'STREAMS', 'FIRED', 'LAST', 'LATE', 'BROKEN'], ...rows], width);
  },
});
