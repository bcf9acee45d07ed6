/** The task, which the page on tasks shows, does what it says, with effects made once under one key each. */
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { taskStage } from '../../tasks/stage.ts';

test('renders, sleeps, asks and sends', async () => {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.url} ${String(request.headers['idempotency-key'])}`);
    response.setHeader('content-type', 'application/json').end('{"id":"j1","pages":3}');
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  vi.stubEnv('REPORTS_URL', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  onTestFinished(() => void vi.unstubAllEnvs());
  const { default: app } = await import('./app.ts');

  const stage = taskStage(Object.fromEntries(app.tasks));
  const id = await stage.begin('report', { day: '2026-11-20' });
  await stage.work();
  expect(await stage.get(id)).toMatchObject({ status: 'working', message: '3 pages are being printed' });
  await stage.settle();
  expect((await stage.get(id)).asks).toMatchObject({ send: { params: { message: 'Send 3 pages?' } } });
  await stage.answer(id, { send: { action: 'accept', content: { agree: true } } });
  await stage.settle();
  expect(await stage.get(id)).toMatchObject({
    status: 'completed',
    result: { structuredContent: { sent: true, pages: 3 } },
  });
  expect(requests).toEqual([`/render?day=2026-11-20 ${id}/step render`, `/send/j1 ${id}/step send`]);
});
