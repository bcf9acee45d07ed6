/** The documents by which clients find the server, by path: its cards, a catalog, and whose tokens it takes. */
import { createDocument } from './documents.ts';
import { type ProtectedResource, resourceMetadata, resourcePaths } from './protected-resource.ts';
import { aiCatalog, CARD_TYPE, CATALOG_TYPE, serverCard } from './server-card.ts';

/** @param protectedResource null: no issuer's tokens are taken, and no document says so */
export function discoveryDocuments(
  facts: Parameters<typeof serverCard>[0],
  protectedResource: ProtectedResource | null,
  publicUrl: string | null,
): ReadonlyMap<string, ReturnType<typeof createDocument>> {
  const card = createDocument(CARD_TYPE, (base) => serverCard(facts, base));
  const olderCard = createDocument('application/json', (base) => serverCard(facts, base));
  const catalog = createDocument(CATALOG_TYPE, (base) => aiCatalog(facts, base));
  const documents = new Map<string, ReturnType<typeof createDocument>>([
    ['/mcp/server-card', card],
    ['/.well-known/mcp.json', olderCard],
    ['/.well-known/mcp/server-card.json', olderCard],
    ['/.well-known/ai-catalog.json', catalog],
  ]);

  if (protectedResource !== null) {
    for (const [path, form] of resourcePaths(publicUrl)) {
      const make = (base: string) => resourceMetadata(facts.app, protectedResource, base, form);
      documents.set(path, createDocument('application/json', make));
    }
  }
  return documents;
}
