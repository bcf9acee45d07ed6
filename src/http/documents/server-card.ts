/**
 * The server card (`application/mcp-server-card+json`), made from the app's declaration: what the server is and how to
 * reach it, without tools and secrets. One document fits the current schema and the readers of older places.
 */
import type { App } from '../../declare/app.ts';
import type { JsonObject } from '../../base/json.ts';

export const CARD_TYPE = 'application/mcp-server-card+json';
export const CATALOG_TYPE = 'application/ai-catalog+json';
const CARD_SCHEMA = 'https://static.modelcontextprotocol.io/schemas/v1/server-card.schema.json';

interface CardFacts {
  app: App;
  /** Protocol versions served, newest first. */
  versions: readonly string[];
  capabilities: JsonObject;
  authentication: { required: boolean; schemes: string[] };
}

/** @param baseUrl without a slash at its end. */
export function serverCard({ app, versions, capabilities, authentication }: CardFacts, baseUrl: string): JsonObject {
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
    // For readers of the older places.
    serverInfo: { name: app.name, title: app.title, version: app.version },
    protocolVersion: versions[0] ?? '',
    transport: { type: 'streamable-http', endpoint: new URL(url).pathname, url },
    capabilities,
    authentication,
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
