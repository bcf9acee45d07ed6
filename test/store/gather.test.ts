import { expect, test } from 'vitest';
import { createGathering, inParts } from '../../src/store/gather.ts';

function gathering(afterTurn?: (call: () => void) => void) {
  const sent: string[][] = [];
  return { sent, root: createGathering<string>(afterTurn, (asked) => void sent.push([...asked])) };
}

/** What is behind all microtasks that are there now, and those that they make. */
const macrotask = () => new Promise((resolve) => setImmediate(resolve));

test('where requests may answer each other, all callers of a turn share one, in order', () => {
  const turns: (() => void)[] = [];
  const { sent, root } = gathering((call) => void turns.push(call));
  const [first, second] = [root.forCaller(), root.forCaller().forCaller()];
  root.ask('a');
  second.ask('b');
  first.ask('c');
  expect(sent).toEqual([]);
  for (const turn of turns.splice(0)) turn();
  expect(sent).toEqual([['a', 'b', 'c']]);
  first.ask('d');
  for (const turn of turns.splice(0)) turn();
  expect(sent).toEqual([['a', 'b', 'c'], ['d']]);
});

test('where they may not, a caller shares with itself alone, and what has no caller with nothing', async () => {
  const { sent, root } = gathering();
  root.ask('x');
  root.ask('y');
  expect(sent).toEqual([['x'], ['y']]);
  const [first, second] = [root.forCaller(), root.forCaller()];
  first.ask('a');
  second.ask('b');
  // As a layer more before the driver.
  const later = async () => {
    await Promise.resolve();
    await Promise.resolve();
    first.ask('c');
  };
  void later();
  first.forCaller().ask('d');
  await macrotask();
  expect(new Set(sent.slice(2).map((each) => each.join()))).toEqual(new Set(['a,c', 'b', 'd']));
});

test('what is asked for while others are sent goes with the next turn', () => {
  const turns: (() => void)[] = [];
  const sent: string[][] = [];
  const root = createGathering<string>(
    (call) => void turns.push(call),
    (asked) => {
      sent.push(asked);
      if (asked[0] === 'a') root.ask('again');
    },
  );
  root.ask('a');
  for (const turn of turns.splice(0)) turn();
  for (const turn of turns.splice(0)) turn();
  expect(sent).toEqual([['a'], ['again']]);
});

const parts = (sizes: number[]) => inParts(sizes, { most: 3, mostSize: 10 }, (size) => size);

test('parts keep the order, and both bounds; what is too large by itself goes alone', () => {
  expect(parts([])).toEqual([]);
  expect(parts([1, 1, 1, 1])).toEqual([[1, 1, 1], [1]]);
  expect(parts([6, 4, 1])).toEqual([[6, 4], [1]]);
  expect(parts([1, 20, 1])).toEqual([[1], [20], [1]]);
});
