/** `tidegate start` as a process: what it says, how its streams fill, how it ends and goes on. */
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createSqliteStore } from '../../../src/store/sqlite/store.ts';
import { streamLog } from '../../../src/streams/log/stream-log.ts';
import { type Child, runCli, temporaryFolder } from '../child.ts';
import { connectClient, ERAS } from '../clients.ts';
import { counts, DEMO, streamsOf, untilFilled } from '../demo/demo-streams.ts';

async function startedIn(folder: string, variables: Record<string, string> = {}): Promise<Child & { at: string }> {
  const child = runCli(['start'], { SQLITE_PATH: join(folder, 'sub/tidegate.db'), ...variables });
  return { ...child, at: await child.url() };
}

describe('tidegate start', { timeout: 60_000 }, () => {
  test('fills the demo and says so; without a network quakes are not ok, and say why; Ctrl-C ends it', async () => {
    const folder = temporaryFolder();
    const child = await startedIn(folder);
    await untilFilled(child.at);

    const streams = await streamsOf(child.at);
    expect([...streams.keys()]).toEqual(DEMO);
    const { state, lastError } = streams.get('quakes')?.feed ?? {};
    expect(['backing-off', 'open']).toContain(state);
    expect(lastError?.message).toMatch(/earthquake\.usgs\.gov cannot be resolved/);

    for (const era of ERAS) {
      const client = await connectClient(child.at, era);
      onTestFinished(() => client.close());
      expect(await client.history('temperatures')).not.toEqual([]);
      const pumps = await client.history('pumps');
      expect(pumps.length).toBeGreaterThanOrEqual(3);
      for (const { data } of pumps) expect(data).toMatchObject({ simulated: true });
    }

    const said = child.stdout();
    expect(said).toContain(`claude mcp add --transport http tidegate ${child.at}/mcp`);
    expect(said).toContain(`code --add-mcp '{"name":"tidegate","type":"http","url":"${child.at}/mcp"}'`);
    expect(said).toContain(`npx @modelcontextprotocol/inspector@2 --cli ${child.at}/mcp --method tools/list`);
    expect(said).toMatch(/plant: simulated/);
    expect(said).toMatch(/^ {2}host +ok +1 new events$/m);
    expect(said).toMatch(/^ {2}plant +ok +\d+ new events$/m);
    expect(said).toMatch(/^ {2}quakes +backing-off +0 new events: .*cannot be resolved/m);

    const toldAt = Date.now();
    child.kill('SIGINT');
    expect(await child.ended).toBe(0);
    expect(Date.now() - toldAt).toBeLessThan(5_000);
    expect(child.stdout()).toMatch(/Ending: /);

    const store = createSqliteStore({ path: join(folder, 'sub/tidegate.db') });
    onTestFinished(() => store.close());
    const { count } = await store.extent(streamLog('public', 'temperatures'));
    expect(count).toBeGreaterThanOrEqual(streams.get('temperatures')?.events ?? 0);
  });

  test('killed and started again it has what it had, and goes on', async () => {
    const folder = temporaryFolder();
    const first = await startedIn(folder);
    await untilFilled(first.at);
    const before = await streamsOf(first.at);
    first.kill('SIGKILL');
    expect(await first.ended).toBe('SIGKILL');

    const second = await startedIn(folder);
    const after = await streamsOf(second.at);
    for (const [index, count] of counts(before).entries()) {
      expect(counts(after)[index]).toBeGreaterThanOrEqual(count);
    }
    // At once, or where it was killed in a burst of just that feed, when the lease of the dead process has run out.
    const newest = after.get('host')?.newestAt ?? 0;
    await expect
      .poll(async () => (await streamsOf(second.at)).get('host')?.newestAt, { timeout: 45_000, interval: 250 })
      .toBeGreaterThan(newest);
    second.kill('SIGTERM');
    expect(await second.ended).toBe(0);
  });

  test('without the demo there is what the app declares', async () => {
    const child = await startedIn(temporaryFolder(), { DEMO: 'off' });
    expect([...(await streamsOf(child.at)).keys()]).toEqual(['quakes']);
  });

  test('two run on one store', async () => {
    const folder = temporaryFolder();
    const [first, second] = await Promise.all([startedIn(folder), startedIn(folder, { DEMO: 'off' })]);
    expect((await streamsOf(first.at)).size).toBe(DEMO.length);
    expect((await streamsOf(second.at)).size).toBe(1);
  });
});
