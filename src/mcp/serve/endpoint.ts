/**
 * The MCP endpoint behind HTTP. It takes the parsed body and the principal; the HTTP app checks limits, origins and who
 * calls. What needs neither the registry nor the SDK is answered here, so a host may load them when they are first
 * needed.
 */
import type { JsonObject } from '../../base/json.ts';
import type { Principal } from '../../base/principal.ts';
import { isUnrestricted } from '../../base/scopes.ts';
import { isPromise, whenKnown } from '../../base/time/when-known.ts';
import type { McpServing } from '../../calls/events/mcp-serving.ts';
import type { About } from '../registry/about.ts';
import { createDiscover } from './discover.ts';
import { askedFor } from '../wire/message.ts';
import type { ServedAnswer } from '../../calls/served-answer.ts';
import type { SdkServing } from './serving.ts';
import { isObject } from '../wire/params.ts';
import { withoutNulls } from '../wire/nulls.ts';
import { LEGACY_VERSIONS, MODERN_VERSION } from '../wire/versions.ts';

export interface McpEndpointDeps {
  about: About;
  /** What callers are told that something restricts; it differs from `about` in its instructions alone. */
  aboutPart: (principal: Principal) => Promise<About>;
  /** Whether callers are known, so that no cache may give one of them what another is shown. */
  knowsCallers: boolean;
  /** A function is called when the first message needs it, and again for the next message where it failed. */
  serving: SdkServing | (() => Promise<SdkServing>);
  /** Whether there are sessions of 2025-11-25 and before. */
  sessions: boolean;
}

interface McpEndpoint extends McpServing {
  /** Newest first. */
  versions: readonly string[];
  capabilities: JsonObject;
  /** Ends the exchanges that are under way. */
  close(): Promise<void>;
}

const FOR_EVERYONE = ['server/discover', 'initialize', 'ping'];

function isForEveryone(body: unknown): boolean {
  return isObject(body) && FOR_EVERYONE.includes(String(body['method']));
}

/** For answers that need no call to the store. */
const NO_ACCOUNT: ServedAnswer['account'] = { spent: () => ({ storeCalls: {} }) };

export function createMcpEndpoint({ about, aboutPart, knowsCallers, serving, sessions }: McpEndpointDeps): McpEndpoint {
  const discoverAll = createDiscover(about, knowsCallers ? 'private' : 'public');
  let loaded = typeof serving === 'function' ? null : serving;
  let loading: Promise<SdkServing> | null = null;

  async function load(from: () => Promise<SdkServing>): Promise<SdkServing> {
    try {
      return (loaded = await from());
    } finally {
      loading = null;
    }
  }

  async function discoverPart(request: Request, body: unknown, principal: Principal): Promise<Response | null> {
    return createDiscover(await aboutPart(principal), 'private')(request, body);
  }

  function discover(request: Request, body: unknown, principal: Principal) {
    if (isUnrestricted(principal.scopes) || !isObject(body) || body['method'] !== 'server/discover') {
      return discoverAll(request, body);
    }
    return discoverPart(request, body, principal);
  }

  /** At once, where it is loaded: then no message waits for it. */
  function served(): SdkServing | Promise<SdkServing> {
    return typeof serving === 'function' ? (loaded ?? (loading ??= load(serving))) : serving;
  }

  return {
    versions: [MODERN_VERSION, ...LEGACY_VERSIONS],
    capabilities: about.capabilities,
    needs(given) {
      const body = withoutNulls(given);
      // What needs nothing for certain is answered without loading what knows the rest.
      return isForEveryone(body) ? [] : whenKnown(served(), (sdk) => sdk.needs(body));
    },
    async serve(request, given, principal, ...more) {
      const body = withoutNulls(given);
      const found = discover(request, body, principal);
      const response = isPromise(found) ? await found : found;
      if (response !== null) return { response, asked: askedFor(body), account: NO_ACCOUNT, ended: null };
      const sdk = served();
      return (isPromise(sdk) ? await sdk : sdk).serve(request, body, principal, ...more);
    },
    open: sessions ? async (...asked) => (await served()).open(...asked) : null,
    end: sessions ? async (request, principal) => (await served()).end(request, principal) : null,
    async close() {
      await (loaded ?? (await loading))?.close();
    },
  };
}
