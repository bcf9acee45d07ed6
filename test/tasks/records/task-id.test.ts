import { expect, test } from 'vitest';
import { isTaskId } from '../../../src/tasks/records/names.ts';
import { idToRead, newTaskId } from '../../../src/tasks/records/task-id.ts';

const ADA = { tenant: 'acme', subject: 'ada' };

test('the id of one’s own task is read, and that of another’s is read as that of no task', () => {
  const id = newTaskId({ newId: () => 'k3J_9-aQzXw0PmL4vTbR7e' }, ADA);
  expect(isTaskId(id)).toBe(true);
  expect(idToRead(id, { ...ADA })).toBe(id);
  const others = [
    { tenant: 'acme', subject: 'eve' },
    { tenant: 'evil', subject: 'ada' },
    { tenant: 'acme","ada', subject: '' },
  ];
  for (const other of others) expect(idToRead(id, other)).toBe(`nobodys-${id}`);
  expect(
    idToRead(
      id.replace(/.$/, (last) => (last === '0' ? '1' : '0')),
      ADA,
    ),
  ).toMatch(/^nobodys-/);
});

test('an id of an earlier release is read for everybody', () => {
  for (const id of ['k3J_9-aQzXw0PmL4vTbR7e', crypto.randomUUID(), 'abc', 'a.b', ''])
    expect(idToRead(id, ADA)).toBe(id);
});
