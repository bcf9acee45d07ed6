/**
 * Knows the events of one batch by their ids, so that two items which a source lists under one id are told from one item that
 * it lists twice. Without it the second of them would be taken for a repetition, and be lost without a word. Pure.
 */
import type { LoggedEvent } from '../../base/event.ts';
import { nameOf } from '../../streams/log/removals.ts';

export interface ListedIds {
  /** Call it where another batch begins. */
  begin(): void;
  /** Whether an event that was added before has the same name (id and revision), and other data. */
  isOther(stream: string, event: LoggedEvent): boolean;
  add(stream: string, event: LoggedEvent): void;
}

const keyOf = (stream: string, event: LoggedEvent) => `${stream}\u0000${nameOf(event)}`;

export function createListedIds(): ListedIds {
  const listed = new Map<string, LoggedEvent>();

  return {
    begin: () => listed.clear(),
    isOther(stream, event) {
      const first = listed.get(keyOf(stream, event));
      return first !== undefined && JSON.stringify(first.data) !== JSON.stringify(event.data);
    },
    add: (stream, event) => void listed.set(keyOf(stream, event), event),
  };
}
