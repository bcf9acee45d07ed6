/**
 * A certified authorization server (`oidc-provider`) on a free port of this machine: resource indicators, JWT access tokens,
 * dynamic registration, client id metadata documents, client credentials, refresh and introspection. Whoever comes to log in is
 * `ada`, who agrees to everything.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { type Interaction, Provider } from 'oidc-provider';
import { createRecords, type Records } from './issuer-records.ts';

export const SERVICE = { client_id: 'service', client_secret: 'a secret of the tests that is long' };
export const SCOPES = 'streams:read streams:publish tasks events admin orders:write';
/** Where the metadata document of a client stands: nowhere but here, since it has to be https. */
export const CLIENT_DOCUMENT = 'https://client.example/oauth/client.json';

export interface Issuer {
  url: string;
  /** How many requests came to each path. */
  asked: Map<string, number>;
  /** From now on tokens are signed by new keys alone. */
  rotate(): Promise<void>;
  /** Tokens of the service itself, which acts for nobody. */
  serviceToken(resource: string, scope?: string): Promise<string>;
  close(): Promise<void>;
}

export interface IssuerOptions {
  alg?: 'RS256' | 'ES256' | 'EdDSA';
  /** Default `jwt`. */
  format?: 'jwt' | 'opaque';
  /** How long an access token is valid, in seconds. Default 300. */
  accessTokenTtl?: number;
  /** Redirect URIs of the client whose metadata document is at `CLIENT_DOCUMENT`. */
  redirectUris?: readonly string[];
}

export async function startOidcProvider(options: IssuerOptions = {}): Promise<Issuer> {
  const asked = new Map<string, number>();
  let provider: Provider | null = null;
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://issuer');
    asked.set(pathname, (asked.get(pathname) ?? 0) + 1);
    if (provider !== null && pathname.startsWith('/interaction/')) void answer(provider, request, response);
    else provider?.callback()(request, response);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const records = createRecords();
  let generation = 0;

  async function renew(): Promise<void> {
    generation += 1;
    provider = new Provider(url, configurationOf(options, await newKeys(generation), records));
  }
  await renew();

  return {
    url,
    asked,
    rotate: renew,
    async serviceToken(resource, scope = SCOPES) {
      const basic = btoa(
        `${SERVICE.client_id}:${new URLSearchParams({ '': SERVICE.client_secret }).toString().slice(1)}`,
      );
      const response = await fetch(`${url}/token`, {
        method: 'POST',
        headers: { Authorization: `Basic ${basic}` },
        body: new URLSearchParams({ grant_type: 'client_credentials', resource, scope }),
      });
      const body = (await response.json()) as { access_token?: string };
      if (body.access_token === undefined) throw new Error(JSON.stringify(body));
      return body.access_token;
    },
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}

async function newKeys(generation: number): Promise<JWK[]> {
  const algorithms = ['RS256', 'ES256', 'EdDSA'];
  return Promise.all(
    algorithms.map(async (alg) => {
      const { privateKey } = await generateKeyPair(alg, { extractable: true });
      return { ...(await exportJWK(privateKey)), alg, use: 'sig', kid: `${alg}-${generation}` };
    }),
  );
}

function configurationOf(options: IssuerOptions, keys: JWK[], records: Records): Record<string, unknown> {
  const { alg = 'RS256', format = 'jwt', accessTokenTtl = 300, redirectUris = [] } = options;
  return {
    jwks: { keys },
    adapter: (kind: string) => records.of(kind),
    ttl: {
      AccessToken: accessTokenTtl,
      ClientCredentials: accessTokenTtl,
      RefreshToken: 3_600,
      Grant: 3_600,
      Session: 3_600,
      IdToken: 3_600,
      Interaction: 3_600,
    },
    cookies: { keys: ['a key of the tests'] },
    scopes: ['openid', 'offline_access', ...SCOPES.split(' ')],
    clients: [
      {
        ...SERVICE,
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
        token_endpoint_auth_method: 'client_secret_basic',
      },
    ],
    features: {
      devInteractions: { enabled: false },
      registration: { enabled: true },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      clientIdMetadataDocument: { enabled: true, ack: 'draft-02' },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context: unknown, resource: string) => ({
          scope: SCOPES,
          audience: resource,
          accessTokenFormat: format,
          accessTokenTTL: accessTokenTtl,
          jwt: { sign: { alg } },
        }),
      },
    },
    interactions: { url: (_context: unknown, { uid }: Interaction) => `/interaction/${uid}` },
    findAccount: (_context: unknown, id: string) => ({ accountId: id, claims: () => ({ sub: id }) }),
    extraTokenClaims: () => ({ tenant: 'acme' }),
    issueRefreshToken: (_context: unknown, client: { grantTypeAllowed(type: string): boolean }) =>
      client.grantTypeAllowed('refresh_token'),
    rotateRefreshToken: true,
    // In place of the network, which would have to be https.
    fetch: (given: string | URL) =>
      String(given) === CLIENT_DOCUMENT
        ? Response.json({
            client_id: CLIENT_DOCUMENT,
            client_name: 'A client with a document',
            redirect_uris: redirectUris,
            grant_types: ['authorization_code', 'refresh_token'],
            response_types: ['code'],
            token_endpoint_auth_method: 'none',
            application_type: 'native',
          })
        : new Response(null, { status: 404 }),
  };
}

/** Logs `ada` in, then agrees to all that is asked for. */
async function answer(provider: Provider, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { prompt, params, session } = await provider.interactionDetails(request, response);
  if (prompt.name === 'login') {
    await provider.interactionFinished(request, response, { login: { accountId: 'ada' } }, {});
    return;
  }
  const grant = new provider.Grant({ accountId: session?.accountId ?? '', clientId: String(params['client_id']) });
  const scope = typeof params['scope'] === 'string' ? params['scope'] : '';
  grant.addOIDCScope(scope);
  const resources = [params['resource']].flat().filter((one): one is string => typeof one === 'string');
  for (const resource of resources) grant.addResourceScope(resource, scope);
  const consent = { grantId: await grant.save() };
  await provider.interactionFinished(request, response, { consent }, { mergeWithLastSubmission: true });
}
