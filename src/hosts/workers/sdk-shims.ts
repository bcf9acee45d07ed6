/**
 * What the MCP SDK asks of its platform, for Workers. `wrangler.toml` puts this file in the place of the SDK's own, which
 * brings a JSON Schema validator of 22 KiB that nothing here uses (`mcp/serve/server.ts` says why). Like the SDK's own it
 * makes the SDK's schemas when it is loaded. It has no stdio, because Workers have none.
 */
import { preloadSchemas } from '@modelcontextprotocol/server';

preloadSchemas();

/** The SDK makes one where it is given none. */
export class DefaultJsonSchemaValidator {
  getValidator(): never {
    throw new Error('no JSON Schema validator is used');
  }
}
