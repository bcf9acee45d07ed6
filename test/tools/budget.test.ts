/** What a model pays for the built-in tools before its first question: names, descriptions and input schemas of `tools/list`. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import type { App } from '../../src/declare/app.ts';
import { utf8Bytes } from '../../src/base/json.ts';
import { systemRuntime } from '../../src/base/runtime.ts';
import { defineApp, stream } from '../../src/index.ts';
import deployed from '../../src/app.ts';
import { addDemo } from '../../src/hosts/demo/demo.ts';
import { listedTools } from './listed.ts';

const MOST_CHARACTERS = 10_400;
const MOST_WHOLE_CHARACTERS = 41_000;
const MOST_MORE_CHARACTERS = 400;
/** A client that cuts descriptions does so at 2,048 bytes. */
const MOST_DESCRIPTION_BYTES = 2_000;

const paid = (app: App) =>
  listedTools(app).reduce(
    (sum, { name, description, inputSchema }) =>
      sum + name.length + description.length + JSON.stringify(inputSchema).length,
    0,
  );

function appOf(count: number, name: string, fields: number): App {
  const shape = Object.fromEntries(
    Array.from({ length: fields }, (_, index) => [`${name}Value${index}`, z.number().meta({ unit: 'm' })]),
  );
  const each = Array.from({ length: count }, (_, index) => [
    `${name}${index}`,
    stream({ description: `Measures of the place ${index}, every minute`, schema: z.object(shape) }),
  ]);
  return defineApp({ name: 'many', version: '1', description: 'Many', streams: Object.fromEntries(each) });
}

test('the tools of the demo cost no more than 10,400 characters, and no description is cut by a client', async () => {
  const demo = await addDemo(
    deployed,
    systemRuntime(() => {}),
    'mqtt://127.0.0.1:1',
  );
  expect(paid(demo.app)).toBeLessThanOrEqual(MOST_CHARACTERS);
  // What clients read beside that: shapes of answers, titles and hints.
  expect(JSON.stringify(listedTools(demo.app)).length).toBeLessThanOrEqual(MOST_WHOLE_CHARACTERS);
  for (const { name, description } of listedTools(demo.app)) {
    // One character beyond Latin-1 doubles the whole list in memory, and takes half of its speed.
    expect([name, description]).toEqual([name, expect.stringMatching(/^[\n -ÿ]*$/)]);
    expect([name, utf8Bytes(description) <= MOST_DESCRIPTION_BYTES]).toEqual([name, true]);
  }
  await demo.stop();
});

test.each([
  ['s', 1],
  ['stream', 5],
  ['a-stream-with-a-long-name-for-a-stream', 3],
  ['wide', 60],
])('fifty streams such as %s of %i fields cost little more than five', (name, fields) => {
  expect(paid(appOf(50, name, fields)) - paid(appOf(5, name, fields))).toBeLessThanOrEqual(MOST_MORE_CHARACTERS);
  for (const count of [1, 5, 8, 9, 50, 500]) {
    const longest = Math.max(
      ...listedTools(appOf(count, name, fields)).map(({ description }) => utf8Bytes(description)),
    );
    expect(longest).toBeLessThanOrEqual(MOST_DESCRIPTION_BYTES);
  }
});
