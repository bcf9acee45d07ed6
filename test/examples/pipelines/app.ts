/** A pipeline that failed begins a task, once for each failure: it looks at what failed before, and says what to do. */
import * as z from 'zod';
import { defineApp, stream, task, trigger } from 'tidegate';

const runs = stream({
  description: 'Runs of pipelines',
  schema: z.object({ pipeline: z.string(), run: z.int(), outcome: z.enum(['passed', 'failed']), step: z.string() }),
  key: 'pipeline',
});
const findings = stream({
  description: 'What was found out about failures',
  schema: z.object({ pipeline: z.string(), verdict: z.string() }),
  key: 'pipeline',
});

const investigate = task({
  description: 'Finds out whether a pipeline failed at the same step before.',
  version: '1',
  input: z.object({ pipeline: z.string(), step: z.string() }),
  async run({ pipeline, step }, { streams, step: once }) {
    const verdict = await once('look', async () => {
      const { events } = await streams.history(runs, { keys: [pipeline], limit: 50 });
      const before = events.filter(({ data }) => data?.outcome === 'failed' && data.step === step).length;
      return before > 1
        ? `${step} failed ${before} times: it is no accident`
        : `${step} failed for the first time: run it again`;
    });
    await once('tell', async () => {
      await streams.append(findings, { pipeline, verdict });
    });
    return verdict;
  },
});

const Run = z.object({ pipeline: z.string(), step: z.string() });

const failed = trigger({
  title: 'Pipeline failed',
  description: 'A run of a pipeline failed.',
  on: runs,
  when: { kind: 'match', where: { outcome: 'failed' } },
  starts: { task: 'investigate', input: ({ events }) => Run.parse(events.at(-1)?.data) },
});

export default defineApp({
  name: 'pipelines',
  version: '1.0.0',
  description: 'Pipelines that build and test',
  streams: { runs, findings },
  tasks: { investigate },
  triggers: { failed },
});
