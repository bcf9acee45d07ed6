/**
 * The SDK's server for one exchange, and what it is made with. When an exchange ends the SDK makes an error for whatever is still under way. Mostly
 * nothing is, since the answer was sent; then the stack of that error, which costs a tenth of a small request, is not collected.
 */
import { Server, type ServerOptions } from '@modelcontextprotocol/server';
import type { JsonObject } from '../../base/json.ts';
import type { Registry } from '../registry/registry.ts';
import { DISCOVER_MS } from './discover.ts';

export class ExchangeServer extends Server {
  /** Requests that have no answer yet. */
  atWork = 0;

  // oxlint-disable no-underscore-dangle -- the SDK's name of what a subclass may do at the end
  protected override _onclose(): void {
    if (this.atWork > 0) return super._onclose();
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    try {
      super._onclose();
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  }
}

/** The SDK would use it for answers to an elicitation alone, and this server sends none through the SDK. */
const NO_VALIDATOR: NonNullable<ServerOptions['jsonSchemaValidator']> = {
  getValidator() {
    throw new Error('no JSON Schema validator is used');
  },
};

/** What the SDK's server is made with, for a request of 2026-07-28, of before with sessions, and of before without. */
export interface ServerOptionsByEra {
  modern: ServerOptions;
  legacy: ServerOptions;
  sessionless: ServerOptions;
}

/** @param hasStreams whether a client with a session can open a stream on which it is told what changed */
export function serverOptions({ about, listHint, extensions }: Registry, hasStreams: boolean): ServerOptionsByEra {
  const { capabilities, instructions } = about;
  const modern: ServerOptions = {
    capabilities,
    instructions,
    jsonSchemaValidator: NO_VALIDATOR,
    cacheHints: { 'server/discover': { ttlMs: DISCOVER_MS, cacheScope: listHint.cacheScope } },
  };
  const { extensions: _modern, ...common } = capabilities;
  const legacyCapabilities: Record<string, JsonObject> = { ...common, ...extensions.coreCapabilities };
  const { subscribe, ...resources } = legacyCapabilities['resources'] ?? {};
  legacyCapabilities['resources'] = subscribe === true && hasStreams ? { ...resources, subscribe } : resources;
  // A level of log messages is kept with a session; over a pipe the connection is one.
  const { logging: _needsSession, ...kept } = legacyCapabilities;
  // What changes is told on the stream of a session.
  const unkept: Record<string, JsonObject> = {
    ...kept,
    tools: {},
    resources: {},
    ...(kept['prompts'] ? { prompts: {} } : {}),
    ...(kept['events'] ? { events: {} } : {}),
  };
  return {
    modern,
    legacy: { ...modern, capabilities: legacyCapabilities },
    sessionless: { ...modern, capabilities: unkept },
  };
}
