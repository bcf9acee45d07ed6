/** How many requests of earlier revisions may go on without their clients, and which of them a cancellation reaches. */
import { expect, test } from 'vitest';
import { createUnderWay } from '../../../src/mcp/serve/under-way.ts';

function work(id: string | number = 1, session: string | null = null) {
  const made = {
    id,
    session,
    closed: 0,
    why: null as string | null,
    close(why: string): Promise<void> {
      Object.assign(made, { why, closed: made.closed + 1 });
      return Promise.resolve();
    },
  };
  return made;
}

test('250 go on when their clients go; whoever comes beyond ends with its client', async () => {
  const underWay = createUnderWay(true);
  const all = Array.from({ length: 251 }, () => work());
  for (const handle of all.map((each) => underWay.begin(each))) handle.gone();
  expect(all.map(({ closed }) => closed)).toEqual([...Array.from({ length: 250 }, () => 0), 1]);
  await underWay.close();
  expect(all.every(({ closed }) => closed >= 1)).toBe(true);
});

test('one that was answered makes room for another, and is closed no more', async () => {
  const underWay = createUnderWay(true);
  const all = Array.from({ length: 250 }, () => work());
  const [first] = all.map((each) => underWay.begin(each));
  first?.done();
  const next = work();
  underWay.begin(next).gone();
  first?.gone();
  await underWay.close();
  expect([all[0]?.closed, next.closed]).toEqual([0, 1]);
});

test('where the platform stops what has no client, all end with theirs', () => {
  const underWay = createUnderWay(false);
  const one = work();
  underWay.begin(one).gone();
  expect([one.closed, one.why]).toEqual([1, 'gone']);
});

test('a cancellation reaches the request of its session with its id, and no other', () => {
  const underWay = createUnderWay(true);
  const all = [work(1, 's'), work('1', 's'), work(1, 't'), work(1, null)];
  for (const each of all) underWay.begin(each);
  expect(underWay.cancel('s', 1)).toBe(true);
  expect(underWay.cancel('s', 2)).toBe(false);
  expect(all.map(({ closed }) => closed)).toEqual([1, 0, 0, 0]);
  expect(all[0]?.why).toBe('cancelled');
});
