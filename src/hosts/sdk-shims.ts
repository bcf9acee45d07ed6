/**
 * What the MCP SDK asks of its platform, without the JSON Schema validator that the SDK's own files bring: 22 KiB that
 * nothing here uses (`mcp/serve/server.ts` says why). Where the code is bundled, this stands in their place, because a
 * bundler cannot know that. It has no stdio, which no bundled host has.
 */

/** The SDK makes one where it is given none. */
export class DefaultJsonSchemaValidator {
  getValidator(): never {
    throw new Error('no JSON Schema validator is used');
  }
}
