/** The app that is woken, on Workers; and what a consumer of dead letters would see. */
import { createWorker, type WorkerEnvironment } from '../../../src/hosts/workers/host.ts';
import type { TaskBatch } from '../../../src/hosts/queue.ts';
import { wakingApp } from '../waking-app.ts';

const worker = createWorker(wakingApp(process.env['RECORD_URL'] ?? 'http://127.0.0.1:1'));

export default {
  ...worker,
  async queue(batch: TaskBatch & { queue: string }, environment: WorkerEnvironment): Promise<void> {
    if (!batch.queue.endsWith('-dead')) return worker.queue(batch, environment);
    for (const message of batch.messages) {
      console.log(`dead: ${JSON.stringify(message.body)}`);
      message.ack();
    }
  },
};
