/** An identifier over a scripted issuer, with a clock that the test moves. */
import { createOauthIdentifier } from '../../../src/auth/oauth/oauth-identifier.ts';
import { resourcesAt } from '../../../src/auth/oauth/audience.ts';
import type { OauthDeps } from '../../../src/auth/oauth/token-check.ts';
import type { OauthConfig } from '../../../src/base/config/auth.ts';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { createGuardedFetch } from '../../../src/net/guarded-fetch.ts';
import { newKey, type ScriptedIssuer, type SigningKey, signToken, startIssuer } from './scripted-issuer.ts';

export const BASE = 'https://gate.example';

export interface Checked {
  issuer: ScriptedIssuer;
  key: SigningKey;
  /** A token for this server, with these claims and header fields in place of its own. */
  token(claims?: Record<string, unknown>, header?: object, key?: SigningKey): Promise<string>;
  /** `ok`, or the reason of the refusal. */
  outcome(token: string): Promise<string>;
  principal(
    token: string,
  ): Promise<{ tenant: string; subject: string; client: string | null; scopes: readonly string[] }>;
  identify(token: string): ReturnType<ReturnType<typeof createOauthIdentifier>['identify']>;
  takes(token: string): boolean;
  /** Moves the clock, in ms. */
  pass(ms: number): void;
  now(): number;
  /** Requests to the issuer so far. */
  requests(): number;
}

export const plainConfig: Omit<OauthConfig, 'issuers'> = {
  audiences: [],
  tenantClaim: null,
  subjectClaim: 'sub',
  scopePrefix: '',
  defaultScopes: [],
  introspection: null,
};

/** One key of each algorithm: making them takes most of the time of a test. */
const keys = new Map<string, Promise<SigningKey>>();
export function keyOf(alg: string, name = '1'): Promise<SigningKey> {
  const id = `${alg}-${name}`;
  const known = keys.get(id) ?? newKey(alg, id);
  keys.set(id, known);
  return known;
}

export async function check(
  change: Partial<OauthConfig> = {},
  deps: Partial<OauthDeps> & { issuer?: ScriptedIssuer; alg?: string } = {},
): Promise<Checked> {
  const issuer = deps.issuer ?? (await startIssuer());
  const key = await keyOf(deps.alg ?? 'ES256');
  if (!issuer.answers.has('/keys')) issuer.publish([key]);
  let skewMs = 0;
  const system = systemRuntime(() => undefined);
  const runtime = { ...system, now: () => Date.now() + skewMs };
  const identifier = createOauthIdentifier(
    { ...plainConfig, issuers: [issuer.url], ...change },
    { runtime, fetch: createGuardedFetch(runtime), resources: resourcesAt(BASE), ...deps },
  );
  const claims = { iss: issuer.url, sub: 'ada', aud: `${BASE}/mcp`, client_id: 'app', scope: 'streams:read' };
  return {
    issuer,
    key,
    token: (own = {}, header = {}, by = key) => signToken(by, { ...claims, ...own }, runtime.now(), header),
    async outcome(token) {
      const found = await identifier.identify(token);
      return found.ok ? 'ok' : found.reason;
    },
    async principal(token) {
      const found = await identifier.identify(token);
      if (!found.ok) throw new Error(found.reason);
      return found.principal;
    },
    identify: (token) => identifier.identify(token),
    takes: (token) => identifier.takes(token),
    pass: (ms) => void (skewMs += ms),
    now: runtime.now,
    requests: () => issuer.asked.length,
  };
}
