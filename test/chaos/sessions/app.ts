/** Marks of a tenant's own that are set one by one, and tasks that end: what listeners of the session runs listen to. */
import * as z from 'zod';
import { defineApp, stream, task, tool } from '../../../src/index.ts';

const marks = stream({
  description: 'Marks that are set again and again.',
  schema: z.object({ mark: z.string(), count: z.number() }),
  key: 'mark',
  tenants: 'each',
});

const set = tool({
  description: 'Sets marks, each to a count.',
  input: z.object({ marks: z.array(z.string()).max(100), count: z.number() }),
  async run({ marks: names, count }, { streams }) {
    for (const mark of names) await streams.append(marks, { mark, count });
    return `${names.length} marks are set`;
  },
});

const hold = task({
  description: 'Changes a few times, each after a while, and ends.',
  version: '1',
  input: z.object({ ms: z.number(), times: z.number() }),
  async run({ ms, times }, { sleep, progress }) {
    for (let time = 1; time <= times; time += 1) {
      await sleep(ms);
      progress(`${time} of ${times}`);
    }
    return 'it is over';
  },
});

export default defineApp({
  name: 'listened',
  version: '1.0.0',
  description: 'Marks to listen to',
  streams: { marks },
  tools: { set },
  tasks: { hold },
});
