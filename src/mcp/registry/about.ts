/**
 * What a server says of itself to everyone, from the declaration alone: nothing has to be built or loaded to say it, and
 * much of what an instance is asked first is this.
 */
import type { App } from '../../declare/app.ts';
import type { Icon } from '../../declare/display.ts';
import type { JsonObject } from '../../base/json.ts';
import { instructionsFor } from './instructions.ts';
import { TASKS_EXTENSION } from '../tasks/extension.ts';

/** How a server names itself: in every answer without its icons. */
export interface Identity {
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

/** @param hasTasks whether it keeps tasks: the app's own, or those that every app with streams or feeds has */
export function aboutOf(app: App, hasTasks: boolean): About {
  const { name, title, version, description, websiteUrl, icons } = app;
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
      ...(hasTasks ? { extensions: { [TASKS_EXTENSION]: {} } } : {}),
      logging: {},
      tools: {},
      // Pages of large answers are resources, whatever else an app has.
      resources: {},
      ...(app.prompts.size > 0 ? { prompts: {} } : {}),
      completions: {},
    },
  };
}
