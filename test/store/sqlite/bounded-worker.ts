/**
 * Appends to a file, `<path>`, until a commit is refused. It tells how that and the next one were answered, and how many were taken.
 * Run it where files have a greatest size.
 */
import { randomId } from '../../../src/base/runtime.ts';
import { createSqliteStore } from '../../../src/store/sqlite/store.ts';
import { asTidegateError } from '../../../src/base/errors.ts';

const store = createSqliteStore({ path: process.argv[2] ?? '' });
const commit = async (): Promise<string> => {
  const append = { kind: 'append', log: 'l', entries: ['x'.repeat(100_000)] } as const;
  try {
    return (await store.commit([append], { id: randomId(), now: 0, deadline: 5_000 })).status;
  } catch (thrown) {
    return asTidegateError(thrown).code;
  }
};
let taken = 0;
let answer = await commit();
for (; answer === 'committed' && taken < 1_000; taken += 1) answer = await commit();
const again = await commit();
const kept = (await store.extent('l')).count;
await store.close();
console.log(JSON.stringify({ answer, again, taken, kept }));
