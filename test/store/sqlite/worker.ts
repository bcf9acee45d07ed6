/**
 * A process of its own on a shared file: `<path> <name> <rounds>`. Each round adds one to a record and appends to a log, in
 * one commit, until it is committed. Says `open` when the file is open.
 */
import { randomId } from '../../../src/base/runtime.ts';
import { createSqliteStore } from '../../../src/store/sqlite/store.ts';
import type { Operation } from '../../../src/store/store.ts';

const [path = '', name = '', rounds = '0'] = process.argv.slice(2);
const store = createSqliteStore({ path });
console.log('open');
for (let round = 0; round < Number(rounds); round += 1) {
  for (;;) {
    const sum = await store.get({ partition: 'p', id: 'sum' }, 0);
    const operations: Operation[] = [
      { kind: 'put', partition: 'p', id: 'sum', value: Number(sum.value) + 1, expects: sum.version },
      { kind: 'append', log: 'l', entries: [`${name}:${round}`] },
    ];
    const result = await store.commit(operations, { id: randomId(), now: 0, deadline: 60_000 });
    if (result.status === 'committed') break;
  }
}
await store.close();
