/** What `wrangler.toml` puts in the place of the SDK's own file for Workers. Like that one it makes the SDK's schemas when it is loaded. */
import { preloadSchemas } from '@modelcontextprotocol/server';

export { DefaultJsonSchemaValidator } from '../sdk-shims.ts';

preloadSchemas();
