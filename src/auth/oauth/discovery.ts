/**
 * Finds the documents of an issuer: by RFC 8414 and by OpenID Connect Discovery, in the order in which MCP's clients look. A
 * document counts only where its `issuer` is identical to the one that is configured.
 */
import { TidegateError } from '../../base/errors.ts';
import type { JsonObject } from '../../base/json.ts';
import type { IssuerAnswer, IssuerFetch } from './issuer-fetch.ts';

export interface IssuerMetadata {
  jwksUri: string | null;
  introspectionEndpoint: string | null;
  /** How clients may prove who they are there. Null: the document does not say. */
  introspectionAuth: readonly string[] | null;
}

/** The places where the metadata of an issuer may stand, in the order in which they are asked. */
export function metadataUrls(issuer: string): string[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/+$/, '');
  const places = [`${origin}/.well-known/oauth-authorization-server${path}`];
  if (path !== '') places.push(`${origin}/.well-known/openid-configuration${path}`);
  return [...places, `${origin}${path}/.well-known/openid-configuration`];
}

/**
 * @param timeLeft how long all of it may still take, in ms
 * @throws TidegateError `upstream` where no place has a document of this issuer; the message says what each one answered.
 */
export async function discover(
  issuer: string,
  ask: IssuerFetch,
  isEnough: (metadata: IssuerMetadata) => boolean,
  timeLeft: () => number,
): Promise<IssuerMetadata> {
  const found: string[] = [];
  for (const url of metadataUrls(issuer)) {
    const answer = await ask(url, { timeoutMs: timeLeft() });
    const problem = problemOf(answer, issuer);
    const metadata = metadataOf(answer.document ?? {});
    if (problem === null && isEnough(metadata)) return metadata;
    found.push(`${new URL(url).pathname} ${problem ?? 'names neither keys nor a place for introspection'}`);
  }
  throw new TidegateError('upstream', `no metadata of the issuer ${issuer}: ${found.join('; ')}`, {
    field: 'OAUTH_ISSUER',
    expected: 'the issuer letter by letter as its own metadata writes it, a slash at the end too',
  });
}

function problemOf({ status, document }: IssuerAnswer, issuer: string): string | null {
  if (status !== 200) return `answers ${status}`;
  if (document === null) return 'is no JSON';
  const { issuer: said } = document;
  if (said === issuer) return null;
  return typeof said === 'string' ? `is of ${JSON.stringify(said.slice(0, 200))}` : 'names no issuer';
}

function metadataOf(document: JsonObject): IssuerMetadata {
  const { jwks_uri: jwksUri, introspection_endpoint: endpoint } = document;
  const auth = document['introspection_endpoint_auth_methods_supported'];
  return {
    jwksUri: typeof jwksUri === 'string' ? jwksUri : null,
    introspectionEndpoint: typeof endpoint === 'string' ? endpoint : null,
    introspectionAuth: Array.isArray(auth) ? auth.filter((one) => typeof one === 'string') : null,
  };
}
