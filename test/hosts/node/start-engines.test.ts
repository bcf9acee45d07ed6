/** `tidegate start` on the engines that several machines can share: the same as on sqlite. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { requireService } from '../../services/available.ts';
import { startEngine } from '../../services/engine.ts';
import { runCli } from '../child.ts';
import { connectClient, ERAS } from '../clients.ts';
import { counts, DEMO, streamsOf, untilFilled } from '../demo/demo-streams.ts';

describe.each(['redis', 'dynamodb'] as const)('tidegate start with STORE=%s', { timeout: 120_000 }, (engine) => {
  test.skipIf(!requireService(engine))(
    `fills the demo, is killed and goes on, with a second one and stdio beside it`,
    async () => {
      const { environment, stop } = await startEngine(engine);
      onTestFinished(stop);
      const first = runCli(['start'], environment);
      const url = await first.url();
      expect(first.stdout()).toContain(`store: ${engine};`);
      await untilFilled(url);
      for (const era of ERAS) {
        const client = await connectClient(url, era);
        onTestFinished(() => client.close());
        const pumps = () => client.history('pumps');
        await expect.poll(async () => (await pumps()).length, { timeout: 10_000 }).toBeGreaterThanOrEqual(3);
        for (const { data } of await pumps()) expect(data).toMatchObject({ simulated: true });
      }
      const before = await streamsOf(url);
      first.kill('SIGKILL');
      expect(await first.ended).toBe('SIGKILL');

      const [second, third] = [runCli(['start'], environment), runCli(['start'], { ...environment, DEMO: 'off' })];
      const after = await streamsOf(await second.url());
      expect([...after.keys()]).toEqual(DEMO);
      for (const [index, count] of counts(before).entries()) {
        expect(counts(after)[index]).toBeGreaterThanOrEqual(count);
      }
      expect([...(await streamsOf(await third.url())).keys()]).toEqual(['quakes']);
      // At once, or where it was killed in a burst of just that feed, when the lease of the dead process has run out.
      const newest = after.get('host')?.newestAt ?? 0;
      await expect
        .poll(async () => (await streamsOf(await second.url())).get('host')?.newestAt, {
          timeout: 45_000,
          interval: 250,
        })
        .toBeGreaterThan(newest);

      const beside = runCli(['stdio'], environment);
      const call = { name: 'read_latest', arguments: { stream: 'quakes' } };
      beside.write(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: call })}\n`);
      await expect.poll(() => beside.stdout(), { timeout: 15_000 }).toMatch(/"stream":"quakes"/);
      beside.hangUp();
      expect(await beside.ended).toBe(0);
      for (const child of [second, third]) {
        child.kill('SIGTERM');
        expect(await child.ended).toBe(0);
      }
    },
  );
});
