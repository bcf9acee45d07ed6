/** The specification of a trigger. Its condition and its streams are judged in `check/triggers.ts`. */
import * as z from 'zod';
import { SEVERITIES, type Trigger, type TriggerAlarm, type TriggerReaction } from '../trigger.ts';
import type { TriggerCondition } from '../condition.ts';
import { icons } from './display.ts';
import { choice, forModel, judged, label, made, text, whole, yesOrNo, zodSchema } from './options.ts';
import { scopes } from './scopes.ts';
import { retentionSpec } from './stream.ts';

const severity = z.union(
  [choice(...SEVERITIES), made<Exclude<TriggerAlarm['severity'], string | undefined>>('a function of the moment')],
  { error: `one of ${SEVERITIES.join(', ')}, or a function of the moment` },
);

const alarmSpec = z.strictObject(
  { severity: severity.optional(), clears: yesOrNo },
  { error: '{ severity, clears }, any of them' },
);

export const triggerSpec = z.strictObject({
  kind: z.literal('trigger'),
  title: label,
  icons,
  description: forModel,
  scopes,
  on: judged<Trigger['on']>(
    'a stream, its name, or several streams by names of their own',
    (value) => (typeof value === 'string' && value !== '') || (typeof value === 'object' && value !== null),
  ),
  when: judged<TriggerCondition>(
    'a condition, such as { kind: "threshold", field: "celsius", above: 30 }',
    (value) => typeof value === 'object' && value !== null,
  ),
  payload: z
    .strictObject(
      { schema: zodSchema, of: made<NonNullable<Trigger['payload']>['of']>('a function of the moment') },
      { error: '{ schema, of }' },
    )
    .optional(),
  says: made<NonNullable<Trigger['says']>>('a function of the moment').optional(),
  cooldownMs: whole(0, undefined, { unit: 'ms' }).default(0),
  dedupe: made<NonNullable<Trigger['dedupe']>>('a function of the moment').optional(),
  lateMs: whole(0, 7 * 86_400_000, { unit: 'ms' }).default(0),
  alarm: alarmSpec.optional(),
  starts: z
    .strictObject(
      {
        task: text('the name of a task'),
        input: made<NonNullable<TriggerReaction['input']>>('a function of the occurrence').optional(),
        for: scopes,
      },
      { error: '{ task, input, for }' },
    )
    .optional(),
  retention: retentionSpec.optional(),
});
