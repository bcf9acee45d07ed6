/** Lines that no backup has are refused before they are kept. */
import { expect, test } from 'vitest';
import { readBlocks } from '../../../src/operate/backup/format.ts';

const KIB = 1_024;
const HEAD = JSON.stringify({
  tidegate: 'backup',
  format: 1,
  app: 'a',
  tenant: null,
  version: '1',
  driver: 'memory',
  at: 0,
});

/** As many pieces as are asked for. @returns how many were read before it was refused, and why */
async function readUntilRefused(begin: string, piece: string): Promise<[number, unknown]> {
  let read = 0;
  async function* pieces(): AsyncGenerator<string> {
    yield begin;
    for (; read < 1_000; read += 1) yield await Promise.resolve(piece);
  }
  try {
    const kinds: string[] = [];
    for await (const { kind } of readBlocks(pieces())) kinds.push(kind);
    return [read, null];
  } catch (thrown) {
    return [read, thrown];
  }
}

test.each([
  ['one line without an end', '', 'x'.repeat(64 * KIB), 'a line is longer than any that is written'],
  ['one line behind the head', `${HEAD}\n`, 'x'.repeat(64 * KIB), 'a line is longer than any that is written'],
  ['lines without a sum', `${HEAD}\n`, `${'x'.repeat(64 * KIB)}\n`, 'a sum is missing'],
])('a backup of %s is refused before it is read to the end', async (_what, begin, piece, why) => {
  const [read, refused] = await readUntilRefused(begin, piece);
  expect(refused).toMatchObject({
    code: 'invalid_input',
    field: 'FILE',
    message: expect.stringContaining(why) as string,
  });
  expect(read).toBeLessThan(30);
});
