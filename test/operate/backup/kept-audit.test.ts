/** What was done to a store that is restored stays in its audit log, and what the backup has of it comes behind. */
import { expect, test } from 'vitest';
import { withAuditLog } from '../../../src/auth/audit/stream.ts';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { auditOf } from '../../../src/hosts/audit.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { createSqliteStore } from '../../../src/store/sqlite/store.ts';
import type { Store } from '../../../src/store/store.ts';
import { loggedEvent } from '../../../src/streams/log/stream-log.ts';
import { backupText } from '../../../src/operate/backup/backup-text.ts';
import { appOf, AT, newWorld, restored } from './scene.ts';

const app = withAuditLog(appOf(newWorld()));

function depsAt(store: Store, at: number) {
  return { app, store, runtime: { ...systemRuntime(() => {}), now: () => at } };
}

async function noted(store: Store, targets: readonly string[], tenant = 'public', at = AT): Promise<void> {
  const audit = auditOf(app, depsAt(store, at));
  const by = { tenant, subject: 'operator', client: null, scopes: [] };
  for (const target of targets) await audit.note(by, { action: 'operate', target });
}

async function targets(store: Store, tenant = 'public'): Promise<string[]> {
  const { entries } = await store.read(`${tenant}/stream/audit`, null, 1_000);
  return entries.map((entry) => (loggedEvent.read(entry).data as { target: string }).target);
}

async function textOfAudited(store: Store): Promise<string> {
  const blocks: string[] = [];
  for await (const block of backupText(depsAt(store, AT), { tenant: null, progress: () => {} })) blocks.push(block);
  return blocks.join('');
}

test.each(['memory', 'sqlite'])(
  '%s keeps what was done there, of every tenant, also where it is replaced',
  async (engine) => {
    const from = createMemoryStore();
    await noted(from, ['a', 'b']);
    await noted(from, ['of acme'], 'acme');
    const text = await textOfAudited(from);
    const to = engine === 'memory' ? createMemoryStore() : createSqliteStore({ path: ':memory:' });
    await noted(to, ['made here'], 'public', AT + 1_000);
    await noted(to, ['of evil'], 'evil', AT + 1_000);
    await restored(to, text, { app, replace: true, at: AT + 2_000 });
    await noted(to, ['restore'], 'public', AT + 3_000);
    expect(await targets(to)).toEqual(['made here', 'a', 'b', 'restore']);
    expect(await targets(to, 'acme')).toEqual(['of acme']);
    expect(await targets(to, 'evil')).toEqual(['of evil']);
    // Again, as after an interruption: nothing comes twice.
    await restored(to, text, { app, replace: true, at: AT + 4_000 });
    expect(await targets(to)).toEqual(['made here', 'a', 'b', 'restore']);
    const empty = createMemoryStore();
    await restored(empty, text, { app });
    expect(await targets(empty)).toEqual(['a', 'b']);
  },
);

test('a restore that goes on after commands were noted between loses none of them', async () => {
  const from = createMemoryStore();
  await noted(
    from,
    Array.from({ length: 120 }, (_, n) => `n${n}`),
  );
  const text = await textOfAudited(from);
  const to = createMemoryStore();
  const stop = new AbortController();
  const stopping: Store = {
    ...to,
    async transfer() {
      const transfer = await to.transfer?.();
      if (transfer === undefined) throw new Error('there is one');
      return {
        ...transfer,
        async fill(log, filling) {
          const filled = await transfer.fill(log, { ...filling, entries: filling.entries.slice(0, 70) });
          stop.abort();
          return filled;
        },
      };
    },
  };
  await expect(restored(stopping, text, { app, signal: stop.signal })).rejects.toThrow();
  await noted(to, ['restore was ended'], 'public', AT + 1_000);
  expect(await restored(to, text, { app, at: AT + 2_000 })).toMatchObject({ continued: true });
  const all = await targets(to);
  expect(all.toSorted()).toEqual([...Array.from({ length: 120 }, (_, n) => `n${n}`), 'restore was ended'].toSorted());
  const place = all.indexOf('restore was ended');
  expect(place > 0 && place < 120).toBe(true);
});
