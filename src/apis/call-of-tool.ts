/** What one call of an HTTP tool goes by. Types alone. */
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

/** A call of a tool that is under way. */
export interface Call {
  tool: string;
  spec: HttpSpec;
  /** What the answer has to be; null: anything. */
  schema: z.ZodType | null;
  settings: Settings;
  secrets: ToolSecrets;
  input: ToolInput;
  context: Pick<ToolContext, 'signal' | 'deadline' | 'principal'>;
  runtime: Runtime;
  /** On the account of the request. */
  store: Store;
  fetch: GuardedFetch;
  /** What the store says of a pause. */
  pause: Reading;
  /** What is left of the patience and of the bytes of this call. */
  left: { waitMs: number; bytes: number };
}
