/**
 * What a server says of itself to everyone. It comes from the declaration alone, so an instance that has just started
 * can answer it without a registry; clients ask for it first.
 */
import type { App } from '../../declare/app.ts';
import type { Icon } from '../../declare/display.ts';
import type { JsonObject } from '../../base/json.ts';
import { instructionsFor } from './instructions.ts';
import type { ExtensionCapability } from '../extension.ts';

/** How a server names itself. Most answers leave the icons out. */
interface Identity {
  name: string;
  title: string;
  version: string;
  description: string;
  websiteUrl?: string;
  icons?: Icon[];
}

export interface About {
  identity: Identity;
  instructions: string;
  /** As MCP names them. */
  capabilities: Record<string, JsonObject>;
}

/**
 * @param extensions the capability of each extension
 * @param listens whether clients can listen to what changes
 */
export function aboutOf(app: App, extensions: readonly ExtensionCapability[], listens = false): About {
  const { name, title, version, description, websiteUrl, icons } = app;
  const listed: JsonObject = listens ? { listChanged: true } : {};
  return {
    identity: {
      name,
      title,
      version,
      description,
      ...(websiteUrl === null ? {} : { websiteUrl }),
      ...(icons.length === 0 ? {} : { icons: [...icons] }),
    },
    instructions: app.instructions ?? instructionsFor(app),
    capabilities: {
      ...(extensions.length > 0
        ? { extensions: Object.fromEntries(extensions.map(({ id, settings }) => [id, settings])) }
        : {}),
      ...Object.fromEntries(extensions.flatMap(({ alsoAs, settings }) => (alsoAs ? [[alsoAs, settings]] : []))),
      logging: {},
      tools: listed,
      // Pages of large answers are resources, whatever else an app has.
      resources: listens ? { subscribe: true, ...listed } : {},
      ...(app.prompts.size > 0 ? { prompts: listed } : {}),
      completions: {},
    },
  };
}
