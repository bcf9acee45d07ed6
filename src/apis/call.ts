/** What the functions of this room share of one call of an HTTP tool. Types alone. */
import type { HttpSpec } from '../declare/http-tool.ts';
import type { ToolContext } from '../declare/context.ts';
import type { Runtime } from '../base/runtime.ts';
import type { GuardedFetch } from '../net/guarded-fetch.ts';
import type { Reading } from '../store/store.ts';
import type { Store } from '../store/store.ts';
import type { ToolInput } from './request.ts';
import type { ToolSecrets } from './secrets.ts';
import type { Settings } from './settings.ts';
import type * as z from 'zod';

/** A call that is under way. */
export interface Call {
  tool: string;
  spec: HttpSpec;
  /** What the structured answer has to be. Null: anything. */
  schema: z.ZodType | null;
  settings: Settings;
  secrets: ToolSecrets;
  input: ToolInput;
  context: Pick<ToolContext, 'signal' | 'deadline' | 'principal'>;
  runtime: Runtime;
  /** Counts its calls on the account of the request. */
  store: Store;
  fetch: GuardedFetch;
  /** The record of the pause that the API asked for, as it was read. */
  pause: Reading;
  /** What is left of the call's time to wait and of its bytes. */
  left: { waitMs: number; bytes: number };
}
