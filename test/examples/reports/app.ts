/** The app of the page on tasks: a report that takes its time, asks before it is sent, and survives crashes. */
import * as z from 'zod';
import { defineApp, form, task } from 'tidegate';

const api = process.env['REPORTS_URL'] ?? 'https://reports.example.org';

// #region task
const report = task({
  description: 'Renders the report of a day, and sends it when a person agrees.',
  version: '1',
  input: z.object({ day: z.iso.date() }),
  output: z.object({ sent: z.boolean(), pages: z.number() }),
  policy: { attempts: 5, stepMs: 30_000, ttlMs: 86_400_000 },
  async run({ day }, { step, sleep, ask, progress }) {
    const job = await step('render', async ({ idempotencyKey, signal }) => {
      const headers = { 'Idempotency-Key': idempotencyKey };
      const response = await fetch(`${api}/render?day=${day}`, { method: 'POST', headers, signal });
      return z.object({ id: z.string(), pages: z.number() }).parse(await response.json());
    });
    progress(`${job.pages} pages are being printed`);
    await sleep(2_000);
    const answer = await ask('send', form(`Send ${job.pages} pages?`, z.object({ agree: z.boolean() })));
    const sent = answer.action === 'accept' && answer.content.agree;
    if (sent) {
      await step('send', async ({ idempotencyKey, signal }) => {
        const headers = { 'Idempotency-Key': idempotencyKey };
        await fetch(`${api}/send/${job.id}`, { method: 'POST', headers, signal });
      });
    }
    return { structured: { sent, pages: job.pages } };
  },
});

export default defineApp({
  name: 'reports',
  version: '1.0.0',
  description: 'Reports that people agree to',
  tasks: { report },
});
// #endregion
