/** Stands in for AWS's Secrets Manager where an account would be needed: what its client asks is written down, and secrets are kept in memory. */
import { createServer, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface SecretsManagerStandIn {
  url: string;
  /** By name. */
  secrets: Map<string, string>;
  /** Names of secrets that are to be deleted. */
  deleted: Set<string>;
  /** What was asked, such as `DescribeSecret shop/API_KEY`. */
  asked: string[];
  /** For which region each was signed. */
  regions: string[];
  stop: () => Promise<void>;
}

interface Asked {
  SecretId?: string;
  Name?: string;
  SecretString?: string;
}

export async function startSecretsManager(): Promise<SecretsManagerStandIn> {
  const secrets = new Map<string, string>();
  const deleted = new Set<string>();
  const asked: string[] = [];
  const regions: string[] = [];

  function answer(action: string, { SecretId = '', Name = '', SecretString = '' }: Asked): [number, object] {
    asked.push(`${action} ${SecretId}${Name}`);
    if (action === 'DescribeSecret') {
      if (deleted.has(SecretId)) return [200, { Name: SecretId, DeletedDate: 1_790_000_000 }];
      return secrets.has(SecretId)
        ? [200, { Name: SecretId }]
        : [400, { __type: 'ResourceNotFoundException', message: 'no such secret' }];
    }
    if (action !== 'CreateSecret') return [400, { __type: 'AccessDeniedException', message: action }];
    if (secrets.has(Name)) return [400, { __type: 'ResourceExistsException', message: 'it is there' }];
    secrets.set(Name, SecretString);
    return [200, { Name }];
  }

  const server = createServer((request: IncomingMessage, response) => {
    void (async () => {
      regions.push(/\/([\w-]+)\/secretsmanager/.exec(request.headers.authorization ?? '')?.[1] ?? '');
      const action = String(request.headers['x-amz-target']).replace('secretsmanager.', '');
      const [status, said] = answer(action, JSON.parse(await text(request)) as Asked);
      response.writeHead(status, { 'Content-Type': 'application/x-amz-json-1.1' }).end(JSON.stringify(said));
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    secrets,
    deleted,
    asked,
    regions,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
