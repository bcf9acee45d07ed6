/** The demo stream `host`: load, memory and disk of the machine that it runs on, through a function feed. */
import { statfs } from 'node:fs/promises';
import { availableParallelism, freemem, hostname, loadavg, totalmem, uptime } from 'node:os';
import * as z from 'zod';
import { pull, type Stream, stream } from '../../index.ts';

const MIB = 1024 * 1024;

const Sample = z.object({
  host: z.string().describe('Host name'),
  time: z.number().meta({ unit: 'ms since 1970' }),
  load1: z.number().describe('Runnable processes, mean of one minute'),
  load5: z.number().describe('Runnable processes, mean of five minutes'),
  cores: z.number().describe('Processor cores'),
  memoryUsed: z.number().meta({ unit: 'MiB' }),
  memoryTotal: z.number().meta({ unit: 'MiB' }),
  diskUsed: z.number().meta({ unit: 'MiB', description: 'On the file system of the working directory' }),
  diskTotal: z.number().meta({ unit: 'MiB' }),
  uptime: z.number().meta({ unit: 's' }),
});

async function sample(now: number): Promise<z.input<typeof Sample>> {
  const disk = await statfs('.');
  const [load1 = 0, load5 = 0] = loadavg();
  return {
    host: hostname(),
    time: now,
    load1,
    load5,
    cores: availableParallelism(),
    memoryUsed: Math.round((totalmem() - freemem()) / MIB),
    memoryTotal: Math.round(totalmem() / MIB),
    diskUsed: Math.round(((disk.blocks - disk.bfree) * disk.bsize) / MIB),
    diskTotal: Math.round((disk.blocks * disk.bsize) / MIB),
    uptime: Math.round(uptime()),
  };
}

export const hostStream: Stream<z.output<typeof Sample>> = stream({
  title: 'This machine',
  description: 'Load, memory and disk of the machine that the server runs on, every five seconds.',
  schema: Sample,
  key: 'host',
  time: 'time',
  retention: { events: 20_000 },
  feed: pull({ source: 'this machine', everyMs: 5_000, pull: async ({ now }) => ({ items: [await sample(now())] }) }),
});
