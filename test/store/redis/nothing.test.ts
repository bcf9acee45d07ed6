/** What answers in the place of Redis, with nothing to everything: a store that is not there, and no defect of ours. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createRedisStore } from '../../../src/store/redis/store.ts';

test('a server that answers null to everything is no store', async () => {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"result":null}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const store = await createRedisStore({ url: `http://127.0.0.1:${port}`, token: 't', app: 'a', log: () => {} });
  const unavailable = { code: 'store_unavailable', message: expect.stringContaining('answers nothing') };
  await expect(store.ping()).rejects.toMatchObject(unavailable);
  await expect(store.get({ partition: 'p', id: 'r' }, 0)).rejects.toMatchObject(unavailable);
  await expect(store.read('l', null, 1)).rejects.toMatchObject(unavailable);
  const operations = [{ kind: 'append', log: 'l', entries: [1] }] as const;
  expect(await store.commit(operations, { id: 'c', now: 0, deadline: 1_000 })).toMatchObject({
    status: 'unknown',
    cause: unavailable,
  });
});
