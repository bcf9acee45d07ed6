/** What the process that serves the app and the one that watches its files tell each other. Data alone. */
import type { Json, JsonObject } from '../../../../base/json.ts';
import type { LogLevel } from '../../../../base/runtime.ts';

/** What happens in the app, as people and tools are told of it. */
export type Happening =
  | { type: 'events'; stream: string; count: number; newest: { key: string | null; time: number; data: Json } }
  | { type: 'feed'; feed: string; state: string; error: string | null; rejected: number }
  | { type: 'request'; what: string; status: number; ms: number; fields: JsonObject }
  | { type: 'log'; level: LogLevel; message: string; fields: JsonObject };

/** What an app has, by name. */
export interface ServedApp {
  name: string;
  version: string;
  url: string;
  /** With the file where it has one. */
  store: string;
  /** Whether it ends with the process. */
  isVolatile: boolean;
  streams: readonly string[];
  tools: readonly string[];
  tasks: readonly string[];
}

export type FromApp =
  /** Paths of files that the app was read from, or would be. */
  | { kind: 'files'; files: readonly string[] }
  /** The app is read and its declaration right. It waits for `serve`. */
  | { kind: 'ready' }
  | { kind: 'serving'; app: ServedApp; port: number }
  /** It cannot be served. The process ends. `field`: the option or variable that is wrong. */
  | { kind: 'refused'; text: string; field: string | null }
  | { kind: 'happened'; happening: Happening };

export type ToApp = { kind: 'serve' } | { kind: 'stop' };

/** What `tidegate dev` tells, with what happens in the app. */
export type DevEvent =
  | Happening
  /** `variables`: those that the file of variables set. */
  | { type: 'watching'; file: string; envFile: string; variables: readonly string[] }
  /** `again`: it served before, as it was then. */
  | ({ type: 'serving'; again: boolean } & ServedApp)
  | { type: 'changed'; files: readonly string[] }
  /** `serving`: the app goes on as it was before. Else nothing is served until the mistake is mended. `ends`: no change of a file would mend it. */
  | { type: 'mistake'; text: string; serving: boolean; ends: boolean }
  /** The process of the app ended by itself. `serving`: the one before goes on. */
  | { type: 'ended'; status: number | string; serving: boolean }
  /** What the app wrote itself. */
  | { type: 'output'; to: 'stdout' | 'stderr'; text: string }
  | { type: 'stopping' };
