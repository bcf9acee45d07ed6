/** The toy driver passes the suite of every driver, and an app is served on it. */
import { defineApp, stream } from 'tidegate';
import { createHost, systemRuntime } from 'tidegate/host';
import { openFrom } from 'tidegate/store';
import { storeContract } from 'tidegate/store/contract';
import { createTestApp } from 'tidegate/testing';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { createToyStore, toy } from './driver.ts';

let journals = 0;
storeContract('toy', {
  async open() {
    journals += 1;
    const name = `contract-${journals}`;
    const store = createToyStore(name);
    return { store, second: createToyStore(name), reopen: null, close: () => store.close() };
  },
});

const app = defineApp({
  name: 'on-toy',
  version: '1',
  description: 'An app on a toy',
  streams: { readings: stream({ description: 'Readings', schema: z.object({ n: z.number() }) }) },
});
const runtime = systemRuntime(() => {});
const opened = (name = app.name) =>
  openFrom([toy], { store: { name: 'toy', values: { TOY_JOURNAL: 'served' } } }, runtime, name);

test('an app starts on it, and another client of the same journal reads what was written', async () => {
  const host = createHost({ app, store: await opened(), runtime });
  expect((await host.fetch(new Request('https://example.org/readyz'))).status).toBe(200);
  await host.close();
  const [one, two, other] = [await opened(), await opened(), await opened('another')];
  await createTestApp(app, { store: one }).streams.append('readings', { n: 1 });
  expect(await createTestApp(app, { store: two }).streams.latest('readings')).toMatchObject({ data: { n: 1 } });
  expect(await createTestApp(app, { store: other }).streams.latest('readings')).toBeNull();
});
