/**
 * The metadata of this server as a protected resource (RFC 9728): who issues tokens for it, and for which `resource` a client
 * has to ask. `/mcp` and `/mcp/` are two resources to a client that compares letter by letter, as VS Code does, so each form
 * has a document of its own. Tokens for any of them are taken.
 */
import type { App } from '../../declare/app.ts';
import type { JsonObject } from '../../base/json.ts';
import { missingScopes, readScope, TASKS_SCOPE } from '../../base/scopes.ts';

/** Who issues tokens for this server. */
export interface ProtectedResource {
  /** Issuers, as they write themselves in `iss`. At least one. */
  issuers: readonly string[];
  /** What the issuer writes before scopes where a client asks for them. Default: nothing. */
  scopePrefix?: string;
  /** Scopes that every token has: clients need not ask for them, and the issuer may not know them. Default: none. */
  defaultScopes?: readonly string[];
}

const WELL_KNOWN_RESOURCE = '/.well-known/oauth-protected-resource';

/** The scopes with which a client begins. It is asked for others when it needs them. `offline_access` is never one of them. */
export function firstScopes({ defaultScopes = [] }: Pick<ProtectedResource, 'defaultScopes'>): string[] {
  return missingScopes(defaultScopes, [readScope(), TASKS_SCOPE]);
}

/** What follows the base URL in an identifier of this server: the whole of it, and the two forms of its endpoint. */
const FORMS = ['', '/mcp', '/mcp/'] as const;

/**
 * The paths at which the documents stand, each with what it adds to the base URL. A server whose URL has a path is also asked
 * at the root of its host, with that path behind the well-known one.
 */
export function resourcePaths(publicUrl: string | null): Map<string, string> {
  const prefix = publicUrl === null ? '' : new URL(publicUrl).pathname.replace(/\/+$/, '');
  const paths = new Map<string, string>();
  for (const form of FORMS) {
    paths.set(`${WELL_KNOWN_RESOURCE}${form}`, form);
    paths.set(`${WELL_KNOWN_RESOURCE}${prefix}${form}`, form);
  }
  return paths;
}

/** @param baseUrl without a slash at its end */
export function resourceMetadata(
  { title, websiteUrl }: Pick<App, 'title' | 'websiteUrl'>,
  { issuers, scopePrefix = '', ...protectedResource }: ProtectedResource,
  baseUrl: string,
  form: string,
): JsonObject {
  const scopes = firstScopes(protectedResource).map((scope) => scopePrefix + scope);
  return {
    resource: `${baseUrl}${form}`,
    authorization_servers: [...issuers],
    ...(scopes.length === 0 ? {} : { scopes_supported: scopes }),
    bearer_methods_supported: ['header'],
    resource_name: title,
    ...(websiteUrl === null ? {} : { resource_documentation: websiteUrl }),
  };
}

/** Where the metadata stands of what a request asks: of the form of `/mcp` that it was written in, else of the whole server. */
export function metadataUrlOf(request: Request, baseUrl: string): string {
  const { pathname } = new URL(request.url);
  return `${baseUrl}${WELL_KNOWN_RESOURCE}${FORMS.find((form) => form === pathname) ?? ''}`;
}
