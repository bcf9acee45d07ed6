/** What an app declares as a whole, and what `defineApp` makes of it: the form that every other part reads. Types alone. */
import type { Icon } from './display.ts';
import type { DeclaredFeed, Feed } from './feed.ts';
import type { Tool } from './tool.ts';
import type { Prompt } from './prompt.ts';
import type { Resource } from './resource.ts';
import type { DeclaredStream, Stream } from './stream.ts';
import type { Task } from './task.ts';

export interface AppOptions {
  /** Machine name of the server, 1 to 64 of `a-z 0-9 -`. */
  name: string;
  version: string;
  title?: string;
  /** One line, 100 characters at most: it stands in the server card. */
  description: string;
  /** For the model: how to use this server. Default: made from the streams. */
  instructions?: string;
  websiteUrl?: string;
  /** At most 8. */
  icons?: Icon[];
  /** `reverse.dns/name` for the server card; default `io.github.tidegate/<name>`. */
  cardName?: string;
  feeds?: Record<string, Feed>;
  streams?: Record<string, Stream<unknown>>;
  tools?: Record<string, Tool>;
  /** Long work; each appears as a tool too. */
  tasks?: Record<string, Task>;
  resources?: Record<string, Resource>;
  prompts?: Record<string, Prompt>;
  /**
   * Results of tools above `bytes` as JSON (65,536 to 4,000,000, default 262,144) are kept in pages for `keptMs` (60,000 to
   * 86,400,000, default an hour), and answered with their beginning and where to read the whole.
   */
  results?: { bytes?: number; keptMs?: number };
}

export interface App {
  /** What it was declared with; see `extendApp`. */
  options: AppOptions;
  name: string;
  version: string;
  title: string;
  description: string;
  instructions: string | null;
  websiteUrl: string | null;
  icons: readonly Icon[];
  cardName: string;
  streams: ReadonlyMap<string, DeclaredStream>;
  feeds: ReadonlyMap<string, DeclaredFeed>;
  tools: ReadonlyMap<string, Tool>;
  tasks: ReadonlyMap<string, Task>;
  resources: ReadonlyMap<string, Resource>;
  prompts: ReadonlyMap<string, Prompt>;
  results: { bytes: number; keptMs: number };
}
