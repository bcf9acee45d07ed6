/** Two callers never share a key of any kind, whatever their tokens name them, and every key is taken by every engine. */
import { expect, test } from 'vitest';
import { answerKey } from '../../src/apis/names.ts';
import { APP_TENANT, type Owner, safePrincipal } from '../../src/base/principal.ts';
import { resultPageKey, usedStateKey } from '../../src/calls/names.ts';
import { deadLetterLog } from '../../src/feeds/records/dead-letters.ts';
import { feedKey } from '../../src/feeds/records/state.ts';
import { requestPieceKey, waitingKey } from '../../src/mcp/asking/records.ts';
import { keptMessageKey } from '../../src/mcp/sessions/kept-messages.ts';
import { sessionKey } from '../../src/mcp/sessions/sessions.ts';
import { checkCounter, checkKey, checkLog } from '../../src/store/limits.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { createQuotas } from '../../src/store/quotas/quotas.ts';
import type { RecordKey } from '../../src/store/store.ts';
import { fenceKey } from '../../src/streams/log/append.ts';
import { positionKey } from '../../src/streams/log/follower.ts';
import { latestKey } from '../../src/streams/log/latest.ts';
import { pushedKey } from '../../src/streams/log/publish-many.ts';
import { removalEntriesKey } from '../../src/streams/log/removal-entries.ts';
import { removalsKey } from '../../src/streams/log/removals.ts';
import { streamLog } from '../../src/streams/log/stream-log.ts';
import { leafKey, rootKey } from '../../src/streams/log/times.ts';
import { onceKey } from '../../src/tasks/records/begun-once.ts';
import { headerKey } from '../../src/tasks/records/header.ts';
import { ownKey } from '../../src/tasks/records/list.ts';
import { pollsKey, waiterKey, waiterPartKey } from '../../src/tasks/records/names.ts';
import { slotPartition } from '../../src/tasks/records/slots.ts';
import { taskLog } from '../../src/tasks/records/task-log.ts';
import { fc } from '../properties.ts';

/** The longest name that a declaration may have. */
const LONG = 'n'.repeat(64);
const TASK = 't'.repeat(22);
const AT = 1_700_000_000_000;

/** Keys of what belongs to a subject. */
function recordsOfSubject(owner: Owner): RecordKey[] {
  const { tenant, subject } = owner;
  return [
    onceKey(owner, LONG, 'key'),
    pushedKey(owner, LONG, 'key'),
    ownKey(owner, AT, TASK),
    { partition: slotPartition(tenant, LONG, subject), id: '0' },
  ];
}

/** Keys of what belongs to a tenant: its subjects share them. */
function recordsOfTenant({ tenant }: Owner): RecordKey[] {
  const log = streamLog(tenant, LONG);
  return [
    headerKey(tenant, TASK),
    waiterKey(tenant, LONG, { tenant, taskId: TASK }, 'wait 1'),
    waiterKey(APP_TENANT, LONG, { tenant, taskId: TASK }, 'wait 1'),
    waiterPartKey(tenant, LONG, TASK),
    { partition: slotPartition(tenant, LONG, null), id: '0' },
    fenceKey(tenant, LONG),
    positionKey(tenant, 'waiters-beside-newer', log),
    latestKey(tenant, LONG, 'key'),
    removalsKey(tenant, LONG),
    removalEntriesKey(tenant, LONG),
    rootKey(tenant, LONG),
    leafKey(tenant, LONG, 1),
    feedKey(tenant, LONG),
    answerKey(tenant, LONG, 1),
    resultPageKey(tenant, 'r'.repeat(22), 1),
    usedStateKey(tenant, TASK),
    sessionKey(tenant, TASK),
    waitingKey(tenant, { session: TASK, stream: TASK }),
    requestPieceKey(tenant, { session: TASK, stream: TASK }, TASK, 1),
    keptMessageKey(tenant, TASK, TASK, 'z'),
  ];
}

/** The counters that taking something of each kind of quota asks for: those of the owner have `//`, the others are the tenant's. */
async function countersOf(owner: Owner): Promise<string[]> {
  const keys: string[] = [];
  const memory = createMemoryStore();
  const store: typeof memory = { ...memory, add: (key, ...rest) => (keys.push(key), memory.add(key, ...rest)) };
  const quotas = createQuotas({ now: () => AT, log: () => {} });
  const quota = { of: 'x', unit: 'bytes', each: 10, all: 100, lastsMs: 1_000, hint: '' } as const;
  for (const within of [undefined, LONG]) {
    await quotas.take(store, { ...quota, name: 'quotas.results', ...(within ? { within } : {}) }, owner, 1);
  }
  return keys;
}

const name = fc.oneof(
  fc.constantFrom('public', 'ada', 'a/tasks-of/b', 'a', 'b', 'a/', '/b', 'quota', 'task-slots', 'é', 'e\u0301'),
  fc.string({ minLength: 1, maxLength: 6, unit: fc.constantFrom('a', '/', '%', '2', 'F', ' ', '\u0000', '\ud800') }),
  fc.string({ minLength: 1, maxLength: 200, unit: 'binary' }),
  fc.constant('long').map((word) => word.repeat(2_500)),
);
const owner = fc.record({ tenant: name, subject: name });

const common = ([one = [], other = []]: string[][]) => one.filter((key) => other.includes(key));
const textOf = ({ partition, id }: RecordKey) => JSON.stringify([partition, id]);

test('two callers share no key, and two tenants none', async () => {
  await fc.assert(
    fc.asyncProperty(owner, owner, async (one, other) => {
      const safe = await Promise.all([one, other].map((each) => safePrincipal(each)));
      const [a, b] = safe as [Owner, Owner];
      if (one.tenant === other.tenant && one.subject === other.subject) {
        expect(a).toEqual(b);
        return;
      }
      const ofSubjects = safe.map((each) => recordsOfSubject(each).map(textOf));
      expect(common(ofSubjects)).toEqual([]);
      expect(taskLog(a)).not.toBe(taskLog(b));
      const counters = await Promise.all(safe.map(countersOf));
      const all = safe.map((each) => [...recordsOfSubject(each), ...recordsOfTenant(each)].map(textOf));
      const logs = safe.map((each) => [streamLog(each.tenant, LONG), deadLetterLog(each.tenant, LONG), taskLog(each)]);
      if (one.tenant === other.tenant) {
        expect(common(counters).filter((key) => key.includes('//'))).toEqual([]);
      } else {
        expect(common(all)).toEqual([]);
        expect(common(logs)).toEqual([]);
        expect(common(counters)).toEqual([]);
        expect(pollsKey(a.tenant, TASK, AT)).not.toBe(pollsKey(b.tenant, TASK, AT));
      }
    }),
    { numRuns: 500 },
  );
});

test('every key of every caller is within the portable limits', async () => {
  await fc.assert(
    fc.asyncProperty(owner, async (one) => {
      const safe = await safePrincipal(one);
      for (const key of [...recordsOfSubject(safe), ...recordsOfTenant(safe)]) checkKey(key);
      for (const log of [streamLog(safe.tenant, LONG), deadLetterLog(safe.tenant, LONG), taskLog(safe)]) checkLog(log);
      for (const key of [...(await countersOf(safe)), pollsKey(safe.tenant, TASK, AT)]) checkCounter(key, 0, 0);
    }),
    { numRuns: 300 },
  );
});
