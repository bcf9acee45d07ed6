/**
 * Vitest's global setup: one DynamoDB Local for all files of a run, which starts when the first of them asks for it. A JVM
 * takes seconds to start, and answers faster the longer it runs.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type RunningDynamo, startDynamo } from '../../infra/local/dynamodb.ts';

/** The variable that says where to ask for it. */
export const LENDER = 'TIDEGATE_TEST_DYNAMO';

export type LentDynamo = Pick<RunningDynamo, 'endpoint' | 'region' | 'credentials' | 'pid'>;

export default async function setup(): Promise<() => Promise<void>> {
  // Each project of a run calls this: the first one lends to all.
  if (process.env[LENDER] !== undefined) return async () => {};
  let started: Promise<RunningDynamo> | null = null;
  async function lent(): Promise<LentDynamo> {
    started ??= startDynamo();
    const { endpoint, region, credentials, pid } = await started;
    return { endpoint, region, credentials, pid };
  }
  const server = createServer((_request, response) => {
    void lent()
      .then((access) => response.end(JSON.stringify(access)))
      .catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  process.env[LENDER] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return async () => {
    delete process.env[LENDER];
    server.closeAllConnections();
    server.close();
    await (await started?.catch(() => null))?.stop();
  };
}
