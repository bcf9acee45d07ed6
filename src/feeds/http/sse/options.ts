/** The options of `sse()`, and their specification. */
import * as z from 'zod';
import { choice, judged } from '../../../declare/spec/options.ts';

export interface SseOptions {
  /**
   * Types of the events to take. An event that names no type has the type `message`.
   * @default all
   */
  events?: readonly string[];
  /**
   * `json`: the data is JSON, and its value is the item. `text`: the item is `{ value }`.
   * @default json
   */
  data?: 'json' | 'text';
  /**
   * Whether the item is `{ id, event, data }`, by which a stream can have the event's id and type.
   * @default false
   */
  envelope?: boolean;
}

export const sseSpec = z.strictObject({
  events: judged<readonly string[]>('a list of types of events, such as message', isListOfTypes).optional(),
  data: choice('json', 'text').default('json'),
  envelope: z.boolean({ error: 'true or false' }).default(false),
});

function isListOfTypes(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === 'string' && name !== '');
}
