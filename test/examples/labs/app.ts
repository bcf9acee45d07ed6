/** Lab results: a value that rises within a day, and stays on the list until somebody of the ward has seen to it. */
import * as z from 'zod';
import { defineApp, stream, trigger } from 'tidegate';

const potassium = stream({
  description: 'Potassium of patients',
  schema: z.object({ patient: z.string(), mmol: z.number().meta({ unit: 'mmol/l' }), takenAt: z.number() }),
  key: 'patient',
  time: 'takenAt',
});

const rising = trigger({
  title: 'Potassium rises',
  description: 'Above 5.0 mmol/l and within a day above 5.5. A person has to clear it, whatever comes after.',
  on: potassium,
  when: {
    kind: 'sequence',
    first: { kind: 'threshold', field: 'mmol', above: 5 },
    next: { kind: 'threshold', field: 'mmol', above: 5.5 },
    withinMs: 24 * 3_600_000,
  },
  alarm: { severity: 'critical', clears: false },
  lateMs: 3_600_000,
});

export default defineApp({
  name: 'labs',
  version: '1.0.0',
  description: 'Results of a laboratory',
  streams: { potassium },
  triggers: { rising },
});
