/** The official Inspector against `tidegate start`, as the README says: it lists, reads, calls, and answers what it is asked. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli, temporaryFolder } from '../child.ts';
import { connectInspector, type Era, inspectOnce } from './inspector.ts';

const VALVES = join(import.meta.dirname, '../../examples/valves/app.ts');
const ERAS: Era[] = ['modern', 'legacy'];

async function startValves(): Promise<string> {
  const child = runCli(['start', '--app', VALVES], { SQLITE_PATH: join(temporaryFolder(), 'store.db') });
  return `${await child.url()}/mcp`;
}

describe.each(ERAS)('the Inspector, %s', (era) => {
  it('lists, calls and reads in one process each', async () => {
    const mcpUrl = await startValves();
    const { tools } = await inspectOnce(mcpUrl, era, '--method', 'tools/list');
    expect((tools as { name: string }[]).map(({ name }) => name)).toEqual(
      expect.arrayContaining(['list_streams', 'open_valve', 'wait_for']),
    );
    const checked = await inspectOnce(mcpUrl, era, '--method', 'tools/list', '--strict', '--format', 'json');
    expect(checked).toHaveProperty('result.tools');
    expect(checked['schemaFindings'] ?? []).toEqual([]);
    const { contents } = await inspectOnce(mcpUrl, era, '--method', 'resources/read', '--uri', 'stream://valves');
    expect(contents).toMatchObject([{ uri: 'stream://valves', mimeType: 'application/json' }]);
    const call = ['--method', 'tools/call', '--tool-name', 'read_history', '--tool-arg', 'stream=valves'];
    expect(await inspectOnce(mcpUrl, era, ...call)).toMatchObject({ structuredContent: { events: [] } });
  }, 60_000);
});

describe('the Inspector that stays', () => {
  it.each(['modern', 'legacy'] as const)(
    'is asked, answers, and what it said is done: %s',
    async (era) => {
      const command = await connectInspector(await startValves(), era);
      const { elicitationPending } = await command('tools/call', 'open_valve', 'valve:=V1');
      const { elicitationId, message } = elicitationPending as { elicitationId: string; message: string };
      expect(message).toBe('Open valve V1?');
      const done = await command('elicitation/respond', elicitationId, 'percent:=30');
      expect(JSON.stringify(done)).toContain('Valve V1 is open at 30 %.');
      const read = await command('resources/read', 'stream://valves');
      expect(JSON.stringify(read)).toContain('\\"percent\\":30');
    },
    60_000,
  );
});
