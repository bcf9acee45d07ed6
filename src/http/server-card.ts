/**
 * The server card (`application/mcp-server-card+json`) and its older places, from the app's declaration: how to reach the
 * server and who it is. No tools, no secrets. One document satisfies the current schema and the older readers.
 */
import type { App } from '../declare/app.ts';
import type { JsonObject } from '../base/json.ts';

export const CARD_TYPE = 'application/mcp-server-card+json';
export const CATALOG_TYPE = 'application/ai-catalog+json';
const CARD_SCHEMA = 'https://static.modelcontextprotocol.io/schemas/v1/server-card.schema.json';

export interface CardFacts {
  app: App;
  /** Protocol versions served, newest first. */
  versions: readonly string[];
  capabilities: JsonObject;
}

/** @param baseUrl without a slash at its end. */
export function serverCard({ app, versions, capabilities }: CardFacts, baseUrl: string): JsonObject {
  const url = `${baseUrl}/mcp`;
  return {
    $schema: CARD_SCHEMA,
    name: app.cardName,
    version: app.version,
    description: app.description,
    title: app.title,
    ...(app.websiteUrl === null ? {} : { websiteUrl: app.websiteUrl }),
    ...(app.icons.length === 0 ? {} : { icons: app.icons.map((icon) => ({ ...icon })) }),
    remotes: [{ type: 'streamable-http', url, supportedProtocolVersions: [...versions] }],
    // What the older places held.
    serverInfo: { name: app.name, title: app.title, version: app.version },
    protocolVersion: versions[0] ?? '',
    transport: { type: 'streamable-http', endpoint: '/mcp', url },
    capabilities,
    authentication: { required: false, schemes: [] },
  };
}

/** The AI catalog with this one server in it. */
export function aiCatalog({ app }: CardFacts, baseUrl: string): JsonObject {
  const [publisher = '', name = app.name] = app.cardName.split('/');
  const domain = publisher.split('.').toReversed().join('.');
  return {
    specVersion: '1.0',
    entries: [
      {
        identifier: `urn:air:${domain}:mcp:${name}`,
        displayName: app.title,
        type: CARD_TYPE,
        url: `${baseUrl}/mcp/server-card`,
      },
    ],
  };
}
